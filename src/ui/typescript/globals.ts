/**
 * What code at the prompt finds besides `vm`: the parts of Node.js that people use there. The package @types/node has all
 * of it, and takes longer to load than everything else together.
 */
export const globalDeclarations = `
declare let _: any
declare const console: {
  log(...data: unknown[]): void
  error(...data: unknown[]): void
  warn(...data: unknown[]): void
  info(...data: unknown[]): void
  table(data: unknown, columns?: readonly string[]): void
  dir(item: unknown, options?: object): void
  time(label?: string): void
  timeEnd(label?: string): void
}
declare function setTimeout(work: (...args: any[]) => void, milliseconds?: number, ...args: any[]): any
declare function setInterval(work: (...args: any[]) => void, milliseconds?: number, ...args: any[]): any
declare function setImmediate(work: (...args: any[]) => void, ...args: any[]): any
declare function clearTimeout(timer: any): void
declare function clearInterval(timer: any): void
declare function queueMicrotask(work: () => void): void
declare function structuredClone<T>(value: T): T
declare function require(name: string): any
declare const process: any
declare const Buffer: any
declare const URL: any
declare const TextDecoder: any
declare const TextEncoder: any
declare const AbortSignal: any
declare const AbortController: any
declare const performance: { now(): number }
interface AbortSignal {}
declare module 'node:*'
`

/** What else there is, and which of its names no piece of code can give another type. */
export interface Surroundings {
  readonly declarations: string
  readonly fixed: readonly string[]
}

export const promptSurroundings: Surroundings = {
  declarations: "declare const vm: import('cryoscope-guest').Guest\n",
  fixed: [],
}
