import { writeSync } from 'node:fs'
import { type Input, whole } from './input.js'
import { type Prepared, Skipped, Wrong } from './kind.js'
import { kindNamed } from './kinds.js'
import { type Answer, type Fault, progressFd, type Request } from './protocol.js'
import { Random } from './random.js'

/** Findings of one run that are told; the rest are the same for the most part. */
const mostFaults = 20
const framesOfSignature = 1

const prepared = new Map<string, Prepared>()
const word = new BigUint64Array(1)
const wordBytes = new Uint8Array(word.buffer)
let late: unknown

async function prepare(name: string): Promise<Prepared> {
  const known = prepared.get(name)
  if (known !== undefined) return known
  const kind = kindNamed(name)
  if (kind === undefined) throw new Skipped(`there is no kind ${name}`)
  const made = await kind.prepare()
  for (const base of made.bases.keys()) await made.read({ ...whole, base })
  prepared.set(name, made)
  return made
}

async function answer(request: Request): Promise<Answer> {
  let target: Prepared
  try {
    target = await prepare(request.kind)
  } catch (error) {
    if (error instanceof Skipped) return { skipped: error.message }
    return { broken: faultOf(error, 0).text }
  }
  switch (request.do) {
    case 'prepare':
      return {}
    case 'make':
      return { input: inputOf(target, request.seed, request.kind, request.index) }
    case 'try': {
      progress(0)
      const fault = await attempt(target, request.input, 0)
      return { faults: fault === undefined ? [] : [fault] }
    }
    case 'run':
      return await run(target, request)
  }
}

async function run(target: Prepared, request: Request & { do: 'run' }): Promise<Answer> {
  const { kind, seed, from, count, milliseconds } = request
  const faults: Fault[] = []
  const end = performance.now() + milliseconds
  let done = 0
  let slowest = { index: from, milliseconds: 0 }
  while (done < count && faults.length < mostFaults && (done === 0 || performance.now() < end)) {
    const index = from + done++
    progress(index)
    const input = inputOf(target, seed, kind, index)
    const before = process.cpuUsage()
    const fault = await attempt(target, input, index)
    const { user, system } = process.cpuUsage(before)
    const took = (user + system) / 1000
    // The first of a turn may be the first of all, before code is compiled.
    if (done > 1 && took > slowest.milliseconds) slowest = { index, milliseconds: took }
    if (fault !== undefined) faults.push(fault)
  }
  return { done, faults, slowest }
}

function inputOf(target: Prepared, seed: string, kind: string, index: number): Input {
  return target.damage(new Random(`${seed}/${kind}/${index}`))
}

async function attempt(target: Prepared, input: Input, index: number): Promise<Fault | undefined> {
  try {
    // Most kinds are not asynchronous: no turn of the event loop for each of their inputs.
    const work = target.read(input)
    if (work !== undefined) await work
    if (late !== undefined) {
      const error = late
      late = undefined
      throw error
    }
    return undefined
  } catch (error) {
    return faultOf(error, index)
  }
}

function faultOf(error: unknown, index: number): Fault {
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  const own = stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && /[\s(/]src\//.test(line))
    .map((line) =>
      line
        .trim()
        .replace(/\((?:file:\/\/)?\S*?(src\/)/, '($1')
        .replace(/at \S*?(src\/)/, 'at $1'),
    )
  const first = message.split('\n')[0]?.slice(0, 400) ?? ''
  // What numbers, names and bytes an input has does not make it another fault.
  const kind = first.replace(/"(?:[^"\\]|\\.)*"|0x[0-9a-f]+|\d+/g, '#').slice(0, 60)
  const where = error instanceof Wrong ? '' : own.slice(0, framesOfSignature).join()
  return {
    index,
    signature: `${name} ${kind} ${where}`,
    text: [`${name}: ${first}`, ...own.slice(0, 8)].join('\n    '),
  }
}

function progress(index: number): void {
  word[0] = BigInt(index) + 1n
  writeSync(progressFd, wordBytes, 0, 8, 0)
}

// What is thrown later belongs to the input that is at hand then.
process.on('unhandledRejection', (error) => {
  late = error
})
process.on('uncaughtException', (error) => {
  late = error
})

let turn = Promise.resolve()
process.on('message', (request: Request) => {
  turn = turn.then(async () => {
    const said = await answer(request).catch((error: unknown): Answer => ({ broken: faultOf(error, 0).text }))
    process.send?.(said)
  })
})
process.on('disconnect', () => process.exit(0))
