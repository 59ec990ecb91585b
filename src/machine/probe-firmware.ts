/**
 * A firmware of 64 KiB that asks of a CPU what a Linux kernel asks, and tells the result through QEMU's isa-debug-exit
 * device (port 0x501): it enters 64-bit mode, does a cmpxchg16b, a BMI2 instruction where CPUID offers it, an SSE
 * store and 20 million loops. KVM without hardware under it fails at one of these or takes far too long.
 * A fault has no handler, so it ends in a triple fault, which resets the machine.
 */
const listing = [
  ['fa', 'start: cli'],
  ['bc 00 50', 'mov $0x5000, %sp'],
  ['2e 66 0f 01 16 28 01', 'lgdtl %cs:gdtr'],
  ['0f 20 c0 0c 01 0f 22 c0', 'cr0 |= PE'],
  ['66 ea 1b 00 ff ff 08 00', 'ljmpl $0x08, $protected'],
  ['b8 10 00 00 00 8e d8 8e c0 8e d0', 'protected: ds = es = ss = 0x10'],
  ['fc 31 c0 bf 00 10 00 00 b9 00 14 00 00 f3 ab', 'clear 20 KiB at 0x1000'],
  ['c7 05 00 10 00 00 03 20 00 00', 'pml4[0] = 0x2000'],
  ['c7 05 00 20 00 00 03 30 00 00', 'pdpt[0] = 0x3000'],
  ['c7 05 18 20 00 00 03 40 00 00', 'pdpt[3] = 0x4000'],
  ['c7 05 00 30 00 00 83 00 00 00', 'first 2 MiB'],
  ['c7 05 f8 4f 00 00 83 00 e0 ff', 'last 2 MiB below 4 GiB, where this firmware is'],
  ['0f 20 e0 0d 20 06 00 00 0f 22 e0', 'cr4 |= PAE | OSFXSR | OSXMMEXCPT'],
  ['b8 00 10 00 00 0f 22 d8', 'cr3 = 0x1000'],
  ['b9 80 00 00 c0 0f 32 0d 00 01 00 00 0f 30', 'EFER |= LME'],
  ['0f 20 c0 83 e0 fb 0d 03 00 00 80 0f 22 c0', 'cr0 = (cr0 & ~EM) | PG | MP | PE'],
  ['ea 9d 00 ff ff 18 00', 'ljmp $0x18, $long'],
  ['bc 00 5f 00 00', 'long: mov $0x5f00, %esp'],
  ['31 c0 31 d2 bb 07 00 00 00 b9 09 00 00 00', 'rdx:rax = 0, rcx:rbx = 9:7'],
  ['bf 00 58 00 00 f0 48 0f c7 0f', 'lock cmpxchg16b (0x5800)'],
  ['83 3f 07 75 3a 83 7f 08 09 75 34', 'both halves stored, or fail'],
  ['b8 07 00 00 00 31 c9 0f a2 0f ba e3 08 73 10', 'no BMI2 in CPUID leaf 7: skip'],
  ['b8 80 00 00 00 c4 e3 7b f0 c0 07 83 f8 01 75 15', 'rorx $7 of 0x80 is 1, or fail'],
  ['66 0f ef c0 66 0f 7f 07', 'pxor %xmm0, %xmm0; movdqa %xmm0, (%rdi)'],
  ['b9 00 2d 31 01 ff c9 75 fc', '20,000,000 loops'],
  ['b0 2a eb 02', 'mov $0x2a, %al; jmp out'],
  ['b0 15', 'fail: mov $0x15, %al'],
  ['66 ba 01 05 ee', 'out: outb %al, $0x501'],
  ['f4 eb fd', 'hlt, for ever'],
  ['0f 1f 44 00 00', 'align 8'],
  ['00 00 00 00 00 00 00 00', 'gdt: null'],
  ['ff ff 00 00 00 9b cf 00', '0x08: 32-bit code'],
  ['ff ff 00 00 00 93 cf 00', '0x10: data'],
  ['ff ff 00 00 00 9b af 00', '0x18: 64-bit code'],
  ['1f 00 08 01 ff ff', 'gdtr: limit 31, base 0xffff0108'],
] as const

const size = 0x10000
const resetVector = 0xfff0

/** QEMU's exit status when the firmware succeeded: isa-debug-exit gives (value << 1) | 1. */
export const probeSuccess = (0x2a << 1) | 1

export function probeFirmware(): Buffer {
  const firmware = Buffer.alloc(size)
  Buffer.from(listing.map(([bytes]) => bytes.replaceAll(' ', '')).join(''), 'hex').copy(firmware)
  // jmp start: the displacement counts from the next instruction and wraps at 64 KiB.
  Buffer.from([0xe9, 0x0d, 0x00]).copy(firmware, resetVector)
  return firmware
}
