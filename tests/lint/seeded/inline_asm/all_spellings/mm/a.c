/* asm in words is fine */
void f(void)
{
	asm volatile("pause");
}
