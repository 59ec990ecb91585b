declare module '@alexaltea/capstone-js' {
  interface Library {
    readonly ARCH_X86: number
    readonly MODE_64: number
    readonly ARCH_ARM64: number
    /** Little endian, A64. */
    readonly MODE_ARM: number
    readonly Capstone: new (
      architecture: number,
      mode: number,
    ) => {
      disasm(
        bytes: ArrayLike<number>,
        address: bigint,
      ): readonly { readonly size: number; readonly mnemonic: string; readonly op_str: string }[]
    }
  }
  const load: () => Promise<Library>
  export default load
}
