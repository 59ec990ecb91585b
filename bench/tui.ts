import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { print } from './measure.js'

const command = fileURLToPath(new URL('../bin/cryoscope.js', import.meta.url))
const columns = 120
const rows = 40
const keys = 200
const bursts = 5
/** Every frame ends so (DEC mode 2026). */
const frameEnd = '\x1b[?2026l'
const patience = 60_000

/** From a key to the frame that answers it, through a pty, with a map of a million entries open. */
export async function measureTui(dump: string): Promise<void> {
  const echo = new Pty('stty -echo -icanon; exec cat')
  await echo.type('x', 'x')
  const relay = await timesOf(() => echo.type('x', 'x'))
  echo.end()
  const tui = new Pty(`exec ${process.execPath} ${command} tui ${dump}`)
  await tui.until('scheduler')
  await tui.type('3')
  await tui.until('million')
  for (const key of ['/', ...'million', '\r']) await tui.type(key)
  await tui.type('\r')
  await tui.rest()
  // To the last entry and back: from here on the map is known to its end.
  await tui.type('G')
  await tui.until('1,000,000')
  await tui.rest()
  await tui.type('<')
  await tui.rest()
  const within = await framesOf(tui, (n) => (n % 16 < 8 ? 'j' : 'k'))
  for (let n = 0; n < rows; n++) await tui.type('j')
  const scrolled = await framesOf(tui, () => 'j')
  const paged = await framesOf(tui, () => '\x1b[6~')
  const together = await burstsOf(tui)
  tui.end()
  print(`terminal UI, ${columns}x${rows}, a map of 1,000,000 entries`, [
    { what: 'limit: a byte through the pty and back (cat)', times: relay },
    { what: 'key to screen, cursor moves', times: within.times, goal: 20 },
    { what: 'key to screen, list scrolls by a row', times: scrolled.times, goal: 20 },
    { what: 'key to screen, list scrolls by a page', times: paged.times, goal: 20 },
    { what: 'bytes per frame, cursor moves', times: within.bytes, unit: 'bytes', goal: 4096 },
    { what: 'bytes per frame, list scrolls by a row', times: scrolled.bytes, unit: 'bytes', goal: 4096 },
    { what: 'bytes per frame, list scrolls by a page', times: paged.bytes, unit: 'bytes', goal: 4096 },
    { what: 'frames for 200 keys at once', times: together, unit: 'frames', goal: 3 },
  ])
}

async function framesOf(tui: Pty, key: (n: number) => string): Promise<{ times: number[]; bytes: number[] }> {
  const bytes: number[] = []
  let n = 0
  const times = await timesOf(async () => {
    bytes.push(await tui.type(key(n++)))
  })
  return { times, bytes }
}

/** Keys come at once; frames until there are no more. */
async function burstsOf(tui: Pty): Promise<number[]> {
  const frames: number[] = []
  for (let n = 0; n < bursts; n++) {
    await tui.rest()
    await tui.type((n % 2 === 0 ? 'j' : 'k').repeat(keys))
    await tui.rest()
    frames.push(tui.frames)
  }
  return frames
}

async function timesOf(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < keys; n++) {
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
    // What follows a frame (reading ahead, the clock in the title) is no part of the next key's time.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return times
}

/** A command in a terminal of a fixed size, made by script(1). */
class Pty {
  readonly #process: ChildProcess
  #text = ''
  #wake = () => {}

  constructor(line: string) {
    const size = `stty cols ${columns} rows ${rows}; ${line}`
    this.#process = spawn('script', ['-qfec', size, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
      this.#wake()
    })
  }

  /** Types a key; resolves to the bytes that came until the end of a frame. */
  async type(key: string, end = frameEnd): Promise<number> {
    this.#text = ''
    this.#process.stdin?.write(key)
    await this.#wait(() => this.#text.includes(end))
    return Buffer.byteLength(this.#text)
  }

  /** Frames since the last key. */
  get frames(): number {
    return this.#text.split(frameEnd).length - 1
  }

  async until(text: string): Promise<void> {
    await this.#wait(() => this.#text.includes(text))
  }

  /** Waits until it has nothing more to say. */
  async rest(): Promise<void> {
    for (let length = -1; length !== this.#text.length; ) {
      length = this.#text.length
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }

  end(): void {
    this.#process.stdin?.end('\x04q')
    this.#process.kill()
  }

  async #wait(done: () => boolean): Promise<void> {
    const end = performance.now() + patience
    while (!done()) {
      if (performance.now() > end) throw new Error(`nothing came: ${JSON.stringify(this.#text.slice(-400))}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
