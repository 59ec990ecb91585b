import type { DataSection } from '../code/code.js'

/** A variable of a data section, or the section as a whole. */
export interface SectionVariable {
  /** Index of the section. */
  readonly section: number
  /** Its place among the variables of the section; undefined for the section as a whole. */
  readonly part: number | undefined
  readonly offset: number
  readonly size: number
}

/** Numbers the variables of all data sections, so that an address can say which of them it is in. */
export class SectionVariables {
  readonly #all: SectionVariable[] = []
  /** By section: its own number, and those of its variables by where they start. */
  readonly #numbers: { readonly whole: number; readonly starts: ReadonlyMap<number, number> }[] = []

  constructor(sections: readonly DataSection[]) {
    for (const [section, { variables }] of sections.entries()) {
      const whole = this.#all.push({ section, part: undefined, offset: 0, size: 0 }) - 1
      const starts = new Map<number, number>()
      for (const [part, { offset, size }] of variables.entries()) {
        starts.set(offset, this.#all.push({ section, part, offset, size }) - 1)
      }
      this.#numbers.push({ whole, starts })
    }
  }

  /**
   * The variable that an instruction means which names a byte of a section. Compilers name the start of a variable and
   * add the rest; what is named otherwise may be anything in the section.
   */
  numberAt(section: number, offset: number): number {
    const numbers = this.#numbers[section]
    return numbers?.starts.get(offset) ?? numbers?.whole ?? -1
  }

  of(number: number): SectionVariable {
    const variable = this.#all[number]
    if (variable === undefined) throw new Error(`there is no variable ${number}`)
    return variable
  }
}
