type Bits = Readonly<Record<number, string>>

/** arch/x86/include/uapi/asm/processor-flags.h, without the prefixes. */
const eflags: Bits = {
  ...{ 0: 'CF', 2: 'PF', 4: 'AF', 6: 'ZF', 7: 'SF', 8: 'TF', 9: 'IF', 10: 'DF', 11: 'OF', 14: 'NT' },
  ...{ 16: 'RF', 17: 'VM', 18: 'AC', 19: 'VIF', 20: 'VIP', 21: 'ID' },
}
const cr0: Bits = {
  ...{ 0: 'PE', 1: 'MP', 2: 'EM', 3: 'TS', 4: 'ET', 5: 'NE', 16: 'WP', 18: 'AM', 29: 'NW', 30: 'CD' },
  ...{ 31: 'PG' },
}
const cr4: Bits = {
  ...{ 0: 'VME', 1: 'PVI', 2: 'TSD', 3: 'DE', 4: 'PSE', 5: 'PAE', 6: 'MCE', 7: 'PGE', 8: 'PCE', 9: 'OSFXSR' },
  ...{ 10: 'OSXMMEXCPT', 11: 'UMIP', 12: 'LA57', 13: 'VMXE', 14: 'SMXE', 16: 'FSGSBASE', 17: 'PCIDE' },
  ...{ 18: 'OSXSAVE', 20: 'SMEP', 21: 'SMAP', 22: 'PKE', 23: 'CET' },
}
/** arch/x86/include/asm/msr-index.h, _EFER_*. */
const efer: Bits = { 0: 'SCE', 8: 'LME', 10: 'LMA', 11: 'NX', 12: 'SVME', 14: 'FFXSR', 15: 'AUTOIBRS' }
/** arch/arm64/include/uapi/asm/ptrace.h. */
const pstate: Bits = { 6: 'F', 7: 'I', 8: 'A', 9: 'D', 22: 'PAN', 28: 'V', 29: 'C', 30: 'Z', 31: 'N' }

const registers: Readonly<Record<string, Bits>> = { eflags, cr0, cr4, efer, pstate }

/** "[PF ZF IF]" of a register that holds flags; undefined of any other. A bit without a name is its number. */
export function flagsText(register: string, value: bigint): string | undefined {
  const names = registers[register]
  if (names === undefined) return undefined
  const set: string[] = []
  for (let bit = 0; bit < 64; bit++) {
    if ((value & (1n << BigInt(bit))) === 0n) continue
    const isField =
      register === 'eflags' ? bit === 1 || bit === 12 || bit === 13 : register === 'pstate' && bit < 5
    if (!isField) set.push(names[bit] ?? `bit ${bit}`)
  }
  if (register === 'eflags' && ((value >> 12n) & 3n) !== 0n) set.push(`IOPL=${(value >> 12n) & 3n}`)
  if (register === 'pstate') set.push(`EL${(value >> 2n) & 3n}`)
  return `[${set.join(' ')}]`
}
