static inline void h(void)
{
	__asm("nop");
}
