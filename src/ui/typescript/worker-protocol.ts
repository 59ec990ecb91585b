import type { Surroundings } from './globals.js'
import type { LanguageModel } from './language-model.js'

export type Method = 'declare' | 'prepare' | 'check' | 'complete' | 'describe' | 'accept'

export interface Question {
  readonly id: number
  readonly method: Method
  readonly args: Parameters<LanguageModel[Method]>
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: string }

export interface WorkerStart {
  /** Path of the declarations of the library. */
  readonly library: string
  readonly surroundings: Surroundings
  /** Of the kernel's types; undefined when it has none. */
  readonly hash: string | undefined
  /** The kernel's BTF, when its declarations are not in the cache. */
  readonly btf: Uint8Array | undefined
  readonly kernelModule: string | undefined
}
