import { spawn } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import { CryoscopeError } from '../../errors.js'

/** What packages and lists come in, by the first bytes; the program that unpacks what Node.js cannot. */
const formats = [
  { magic: '1f8b', program: undefined, packages: '' },
  { magic: 'fd377a585a00', program: 'xz', packages: 'xz-utils' },
  { magic: '28b52ffd', program: 'zstd', packages: 'zstd' },
  { magic: '425a68', program: 'bzip2', packages: 'bzip2' },
] as const

/** Nothing that is unpacked here has more. */
const mostBytes = 2 ** 30

/** The bytes behind a compression, or the same bytes where there is none. Throws 'environment' where a program is missing. */
export async function decompress(packed: Buffer, what: string): Promise<Buffer> {
  const start = packed.toString('hex', 0, 6)
  const format = formats.find(({ magic }) => start.startsWith(magic))
  if (format === undefined) return packed
  if (format.program === undefined) return gunzipSync(packed, { maxOutputLength: mostBytes })
  return await through(format.program, format.packages, packed, what)
}

async function through(program: string, packages: string, packed: Buffer, what: string): Promise<Buffer> {
  const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const pieces: Buffer[] = []
  let length = 0
  let said = ''
  child.stdout.on('data', (piece: Buffer) => {
    length += piece.length
    if (length > mostBytes) child.kill()
    else pieces.push(piece)
  })
  child.stderr.on('data', (piece: Buffer) => {
    said += piece.toString('utf8')
  })
  // It may end before it has read everything.
  child.stdin.on('error', () => {})
  child.stdin.end(packed)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => {
      const sentence = `${what} is packed with ${program}, which is not installed; install it (Debian: apt install ${packages})`
      reject(new CryoscopeError('environment', sentence, { cause }))
    })
    child.once('close', resolve)
  })
  if (code === 0) return Buffer.concat(pieces)
  const why = length > mostBytes ? 'it is too large' : said.trim().split('\n')[0]
  throw new CryoscopeError('unreadable', `${what} cannot be unpacked: ${why}; fetch it again`)
}
