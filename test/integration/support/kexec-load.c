/*
 * kexec-load KERNEL INITRD COMMAND_LINE: loads a capture kernel for kexec on panic (kexec_file_load with
 * KEXEC_FILE_ON_CRASH). Freestanding and without data, so that its text alone is the program.
 */
typedef unsigned long word;

#if defined(__x86_64__)
enum { openat = 257, exit_group = 231, kexec_file_load = 320 };
static inline word call(word number, word a, word b, word c, word d, word e)
{
	register word r10 __asm__("r10") = d;
	register word r8 __asm__("r8") = e;
	word result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}
#else
enum { openat = 56, exit_group = 94, kexec_file_load = 294 };
static inline word call(word number, word a, word b, word c, word d, word e)
{
	register word x8 __asm__("x8") = number;
	register word x0 __asm__("x0") = a;
	register word x1 __asm__("x1") = b;
	register word x2 __asm__("x2") = c;
	register word x3 __asm__("x3") = d;
	register word x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
#endif

static void start(word *stack) __attribute__((used));

/* The first code of the text, where the program begins. */
__attribute__((naked)) void _start(void)
{
#if defined(__x86_64__)
	__asm__("mov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start");
#else
	__asm__("mov x0, sp\n\tb start");
#endif
}

static void start(word *stack)
{
	const char **words = (const char **)(stack + 1);
	word length = 0, kernel, initrd, result;

	while (words[3][length])
		length++;
	kernel = call(openat, -100, (word)words[1], 0, 0, 0);
	initrd = call(openat, -100, (word)words[2], 0, 0, 0);
	result = call(kexec_file_load, kernel, initrd, length + 1, (word)words[3], 2);
	for (;;)
		call(exit_group, -result & 0xff, 0, 0, 0, 0);
}
