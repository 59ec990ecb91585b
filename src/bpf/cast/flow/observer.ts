import type { Slot } from './places.js'
import type { Value } from './values.js'

/** How something was found out; the words that reports show. */
export type Rule =
  /** A pointer is stored into the field. */
  | 'store'
  /** A pointer is put there by an atomic exchange. */
  | 'exchange'
  /** A value on the stack is copied into the map or handed to a function as a struct. */
  | 'copy to map'
  | 'copy to callee'
  /** What the field holds is used as an arena pointer. */
  | 'arena cast'
  /** What the field holds is followed as it is, which only kernel pointers allow. */
  | 'dereference'
  /** It is passed to a function that takes such a pointer. */
  | 'argument'
  /** It is stored where a pointer of that type is declared. */
  | 'typed store'
  /** It is returned by a function that returns such a pointer. */
  | 'return'
  /** A CO-RE relocation names the type that it points at. */
  | 'CO-RE access'
  /** bpf_rdonly_cast or bpf_core_cast. */
  | 'kernel cast'
  /** The kernel's memory is read through it. */
  | 'kernel read'

/** Hears what the instructions of a function do once it is known what its registers hold. */
export interface Observer {
  /** Memory is read or written through a pointer. */
  access(at: number, base: Value, displacement: number, width: number): void
  /** `value` is stored, `width` bytes of it. */
  store(at: number, base: Value, displacement: number, width: number, value: Value, rule: Rule): void
  /** Somebody may store anything into so many bytes; undefined when there is no limit. */
  overwrite(at: number, pointer: Value, size: number | undefined, why: string): void
  /** The value of a slot is replaced without a store of the program's own. */
  put(at: number, slot: Slot, value: Value, rule: Rule): void
  /** A value of that type is copied from a place that is not known. */
  replace(at: number, type: number, why: string): void
  /** The value is a pointer to that type. */
  view(at: number, value: Value, type: number, rule: Rule): void
  /** The value is a pointer into that space, of whatever type. */
  follow(at: number, value: Value, space: number, rule: Rule): void
  /** The value is used as a number that is no address, or as an address in user space. */
  number(at: number, value: Value, why: string): void
  /** The value is passed to a function of the program, as its parameter of that number. */
  pass(at: number, value: Value, called: number, parameter: number): void
  /** A function of the program returns the value. */
  give(at: number, value: Value, from: number): void
  /** The address is handed to code that may keep it and write through it. */
  escape(at: number, value: Value): void
}
