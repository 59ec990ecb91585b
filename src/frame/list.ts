import { RowFlattener } from './flatten.js'
import { Frame } from './frame.js'

interface HasFrame {
  /** The rows as typed columns: `vm.tasks.frame()`. */
  frame(): Frame
}

/** A list of the session. It is an array that knows its frame, and so is what `filter`, `map` and `slice` make of it. */
export interface Listed<T> extends ReadonlyArray<T>, HasFrame {
  filter<S extends T>(test: (row: T, index: number, all: readonly T[]) => row is S): Framed<S>
  filter(test: (row: T, index: number, all: readonly T[]) => unknown): Framed<T>
  map<U>(make: (row: T, index: number, all: readonly T[]) => U): Framed<U>
  slice(start?: number, end?: number): Framed<T>
}

export interface Framed<T> extends Array<T>, HasFrame {
  filter<S extends T>(test: (row: T, index: number, all: T[]) => row is S): Framed<S>
  filter(test: (row: T, index: number, all: T[]) => unknown): Framed<T>
  map<U>(make: (row: T, index: number, all: T[]) => U): Framed<U>
  slice(start?: number, end?: number): Framed<T>
}

class FramedArray<T> extends Array<T> {
  frame(): Frame {
    return frame(this)
  }
}
// It prints as the array that it is.
Object.defineProperty(FramedArray, 'name', { value: 'Array' })

/** The same list, which knows its frame. */
export function listed<T>(rows: readonly T[]): Listed<T> {
  return (Object.isExtensible(rows)
    ? Object.setPrototypeOf(rows, FramedArray.prototype)
    : FramedArray.from(rows)) as unknown as Listed<T>
}

/** Any rows as a frame: objects, C values, numbers, whatever can be gone through. */
export function frame(rows: Iterable<unknown>): Frame {
  const flat = new RowFlattener()
  for (const row of rows) flat.add(row)
  return new Frame(flat.finish(), { unreadable: flat.unreadable })
}
