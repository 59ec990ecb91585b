import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { boot } from '../src/session/guest.js'
import type { Session } from '../src/session/session.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope')
const bpftool = join(cache, 'tools/usr/sbin/bpftool')

/** A frozen guest of 1 GiB with a hash map of 1,000,000 entries, and what is measured on files of it. */
export interface Fixture extends AsyncDisposable {
  readonly session: Session
  /** Its name, with the @. */
  readonly name: string
  /** ELF dump of it. */
  readonly dump: string
  /** The same, kdump-compressed. */
  readonly kdump: string
  /** BTF of its kernel. */
  readonly btf: string
}

export async function million(): Promise<Fixture> {
  if (!existsSync(bpftool)) throw new Error('there is no bpftool in the cache; run scripts/setup')
  execFileSync('make', ['-s', '-C', join(here, 'guest')], { stdio: 'inherit' })
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-bench-'))
  const script = join(directory, 'fill.sh')
  writeFileSync(
    script,
    `bpftool prog load /bench/million.o /sys/fs/bpf/fill
head -c 64 /dev/zero >/tmp/packet
bpftool prog run pinned /sys/fs/bpf/fill data_in /tmp/packet repeat 100 && echo "bench: filled"
`,
  )
  try {
    const session = await boot({
      memoryBytes: 2 ** 30,
      run: [[bpftool, 'version']],
      files: [`${bpftool}:/usr/sbin/bpftool`, `${join(here, 'guest/build')}:/bench`],
      script,
      // Fresh processes connect to it while this one watches.
      detach: true,
      waitFor: /bench: filled/,
    })
    await session.freeze()
    const dump = join(directory, 'vmcore')
    const kdump = join(directory, 'vmcore.kdump')
    const btf = join(directory, 'vmlinux.btf')
    await session.dump(dump)
    await session.dump(kdump, 'kdump')
    writeFileSync(btf, session.kernel.types.bytes)
    return {
      session,
      name: session.target.name,
      dump,
      kdump,
      btf,
      async [Symbol.asyncDispose]() {
        await session.stop()
        rmSync(directory, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}
