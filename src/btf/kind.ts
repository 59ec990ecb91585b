/** BTF kind numbers (include/uapi/linux/btf.h, BTF_KIND_*). */
export const Kind = {
  void: 0,
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  prototype: 13,
  variable: 14,
  section: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const

/** Kinds from here on are newer than this reader; the layout section may say how long they are. */
export const kindLimit = 20

/** Words of every record before its kind's own data: name offset, info, size or type. */
export const recordWords = 3

/** Words that follow a record of each kind: once, and for each of its `vlen` elements. */
export const fixedWords = new Uint8Array(kindLimit)
export const elementWords = new Uint8Array(kindLimit)
fixedWords[Kind.int] = 1
fixedWords[Kind.array] = 3
fixedWords[Kind.variable] = 1
fixedWords[Kind.declTag] = 1
elementWords[Kind.struct] = 3
elementWords[Kind.union] = 3
elementWords[Kind.enum] = 2
elementWords[Kind.prototype] = 2
elementWords[Kind.section] = 3
elementWords[Kind.enum64] = 3

const bits = (...kinds: readonly number[]): number => kinds.reduce((all, kind) => all | (1 << kind), 0)

/** Kinds that C refers to by a name of a type, as a bit set. */
export const typeKinds = bits(
  Kind.int,
  Kind.struct,
  Kind.union,
  Kind.enum,
  Kind.forward,
  Kind.typedef,
  Kind.float,
  Kind.enum64,
)

/** Kinds with names of their own name space. */
export const symbolKinds = bits(Kind.function, Kind.variable, Kind.section)

export const kindOf = (info: number): number => (info >>> 24) & 0x7f
/** Older kernels use 16 bits of it and leave the other 8 zero. */
export const vlenOf = (info: number): number => info & 0xffffff
export const flagOf = (info: number): boolean => info >>> 31 === 1
