import { exitOpcode, type Instructions, jump, loadImmediateOpcode, opcodeClass } from './instructions.js'

/** A run of instructions that is entered at its start and left at its end. */
export interface Block {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  /** Indices of blocks. */
  readonly successors: readonly number[]
}

/** The control-flow graph of one function, in reverse postorder: block 0 is the entry, and all are reachable. */
export interface ControlFlow {
  readonly blocks: readonly Block[]
  /** Index of the block that holds an instruction, counted from the function's first; -1 where none is reachable. */
  readonly blockOf: Int32Array
}

const noTarget = -1

/** How a block ends. */
const ending = { fallsThrough: 0, branches: 1, jumps: 2, exits: 3 } as const

/** Whether an instruction ends a block, and how. */
function endingOf(opcode: number): number {
  const kind = opcode & 7
  if (kind !== opcodeClass.jump && kind !== opcodeClass.jump32) return ending.fallsThrough
  if (opcode === exitOpcode) return ending.exits
  const what = opcode & 0xf0
  if (kind === opcodeClass.jump && what === jump.call) return ending.fallsThrough
  return what === jump.always ? ending.jumps : ending.branches
}

/** Where a jump leads. */
function targetOf(code: Instructions, at: number): number {
  const opcode = code.opcodes[at] as number
  const isFar = (opcode & 7) === opcodeClass.jump32 && (opcode & 0xf0) === jump.always
  return at + 1 + ((isFar ? code.immediates[at] : code.offsets[at]) as number)
}

/** What the first look at the instructions finds, by position in the function. */
interface Outline {
  /** 1 where a block starts, 2 at the second half of an instruction. */
  readonly marks: Uint8Array
  readonly endings: Uint8Array
  readonly targets: Int32Array
}

/**
 * Builds the graph of the instructions from `start` to `end`. A string says why there is none: control leaves the
 * function other than by an exit.
 */
export function buildControlFlow(code: Instructions, start: number, end: number): ControlFlow | string {
  const count = end - start
  if (count === 0) return 'it has no instructions'
  const marks = new Uint8Array(count)
  const endings = new Uint8Array(count)
  const targets = new Int32Array(count).fill(noTarget)
  /** Beyond the last instruction nothing is noted. */
  const mark = (position: number, what: number): void => {
    marks[position] = (marks[position] as number) | what
  }
  mark(0, 1)
  for (let at = start; at < end; at++) {
    const opcode = code.opcodes[at] as number
    const position = at - start
    if (opcode === loadImmediateOpcode) {
      at++
      if (at >= end) return 'its last instruction is cut off'
      mark(position + 1, 2)
      continue
    }
    const how = endingOf(opcode)
    if (how === ending.fallsThrough) continue
    endings[position] = how
    mark(position + 1, 1)
    if (how === ending.exits) continue
    const target = targetOf(code, at) - start
    if (target < 0 || target >= count) return `the jump at instruction ${position} leaves it`
    targets[position] = target
    mark(target, 1)
  }
  const middle = marks.indexOf(3)
  if (middle >= 0) return `something jumps into the middle of instruction ${middle - 1}`
  return order({ marks, endings, targets }, start)
}

/** Numbers the blocks that can be reached in reverse postorder. */
function order({ marks, endings, targets }: Outline, start: number): ControlFlow | string {
  const count = marks.length
  /** Position after the last instruction of the block that starts at a position, and of that instruction. */
  const ends = new Int32Array(count)
  const lasts = new Int32Array(count)
  for (let position = count - 1, next = count, last = -1; position >= 0; position--) {
    const mark = marks[position] as number
    if (last === -1 && mark !== 2) last = position
    if (mark !== 1) continue
    ends[position] = next
    lasts[position] = last
    next = position
    last = -1
  }
  const following = (leader: number): number =>
    (endings[lasts[leader] as number] as number) <= ending.branches ? (ends[leader] as number) : noTarget
  const seen = new Uint8Array(count)
  const postorder: number[] = []
  const stack: number[] = [0]
  /** Next to visit of each block on the stack: first where it jumps, then what follows it. */
  const steps = new Uint8Array(count)
  seen[0] = 1
  while (stack.length > 0) {
    const leader = stack[stack.length - 1] as number
    const step = steps[leader] as number
    steps[leader] = step + 1
    if (step === 2) {
      postorder.push(leader)
      stack.pop()
      continue
    }
    const successor = step === 0 ? (targets[lasts[leader] as number] as number) : following(leader)
    if (successor === count) return 'control runs past its last instruction'
    if (successor === noTarget || seen[successor] === 1) continue
    seen[successor] = 1
    stack.push(successor)
  }
  postorder.reverse()
  const indices = new Int32Array(count)
  for (let index = 0; index < postorder.length; index++) indices[postorder[index] as number] = index
  const blockOf = new Int32Array(count).fill(-1)
  const blocks = postorder.map((leader, index): Block => {
    const until = ends[leader] as number
    blockOf.fill(index, leader, until)
    const successors: number[] = []
    const next = following(leader)
    const target = targets[lasts[leader] as number] as number
    if (next !== noTarget) successors.push(indices[next] as number)
    if (target !== noTarget && target !== next) successors.push(indices[target] as number)
    return { start: start + leader, end: start + until, successors }
  })
  return { blocks, blockOf }
}
