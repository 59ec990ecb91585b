import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleWorker } from './bundle.js'
import { Campaign } from './campaign.js'
import { type Input, inputText } from './input.js'
import type { Kind } from './kind.js'
import { kindNamed, kinds } from './kinds.js'
import { type FuzzOptions, parseOptions, usage } from './options.js'
import { WorkerProcess } from './worker-process.js'

/** `npm run fuzz`: status 1 for findings, 2 for wrong use. */
async function main(): Promise<number> {
  let options: FuzzOptions
  let chosen: readonly Kind[]
  try {
    options = parseOptions(process.argv.slice(2))
    chosen = choose(options)
  } catch (error) {
    const { message } = error as Error
    console.error(message === '' ? usage : `${message}\n${usage}`)
    return message === '' ? 0 : 2
  }
  const scratch = mkdtempSync(join(tmpdir(), 'cryoscope-fuzz-'))
  const bundle = await bundleWorker()
  const workers = Array.from({ length: options.jobs }, (_, i) => {
    const own = join(scratch, String(i))
    mkdirSync(own)
    return new WorkerProcess(bundle, own, { seconds: options.limit, heapMiB: options.heap, memoryMiB: 1536 })
  })
  const tidy = (): void => {
    for (const worker of workers) worker.end()
    rmSync(scratch, { recursive: true, force: true })
    rmSync(bundle, { force: true })
    rmSync(`${bundle}.map`, { force: true })
  }
  process.once('exit', tidy)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
  const campaign = new Campaign(options, workers)
  const [kind] = chosen
  if (kind !== undefined && (options.input !== undefined || options.index !== undefined)) {
    return await once(campaign, kind, options)
  }
  console.log(`seed ${options.seed}`)
  await campaign.run(chosen)
  return campaign.print()
}

/** One input. */
async function once(campaign: Campaign, kind: Kind, { input, index }: FuzzOptions): Promise<number> {
  const made: Input | undefined = input ?? (await campaign.make(kind, index ?? 0))
  if (made === undefined) {
    console.log(`${kind.name} cannot be tried here`)
    return 2
  }
  const found = await campaign.attempt(kind, made)
  console.log(`${kind.name} ${inputText(made)}\n    ${found?.text ?? 'is read without a fault'}`)
  return found === undefined ? 0 : 1
}

function choose({ room, kinds: names, input, index }: FuzzOptions): readonly Kind[] {
  const named = names.map((name) => {
    const kind = kindNamed(name)
    if (kind === undefined)
      throw new Error(`there is no kind ${name}; there are ${kinds.map((each) => each.name).join(', ')}`)
    return kind
  })
  if ((input !== undefined || index !== undefined) && named.length !== 1)
    throw new Error('one input needs the kind that it is of: --kind NAME')
  const chosen = (named.length > 0 ? named : kinds).filter((kind) => room === undefined || kind.room === room)
  if (chosen.length === 0) throw new Error(`no kind is of the room ${room}`)
  return chosen
}

// Workers are ended on the way out; they would keep this process.
process.exit(await main())
