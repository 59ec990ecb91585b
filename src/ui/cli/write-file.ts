import { once } from 'node:events'
import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { CryoscopeError } from '../../errors.js'

/** Writes text piece by piece. The file has its name only when it is whole. Throws 'environment'. */
export async function writePieces(path: string, pieces: Iterable<string>): Promise<void> {
  const part = `${path}.${process.pid}.part`
  const stream = createWriteStream(part)
  const failed = once(stream, 'error').then(([cause]) => {
    throw new CryoscopeError('environment', `cannot write ${path}: ${(cause as Error).message}`, { cause })
  })
  try {
    const work = async (): Promise<void> => {
      for (const piece of pieces) if (!stream.write(piece)) await once(stream, 'drain')
      stream.end()
      await once(stream, 'finish')
    }
    await Promise.race([work(), failed])
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  } finally {
    stream.destroy()
    failed.catch(() => {})
  }
}
