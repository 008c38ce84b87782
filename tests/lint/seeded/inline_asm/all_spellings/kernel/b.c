const char *s = "asm";
void g(void)
{
	__asm__ volatile("hlt");
}
