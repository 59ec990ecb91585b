import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { print, repeat, timed, wholeProcess } from './measure.js'

const cryoscope = fileURLToPath(new URL('../bin/cryoscope.js', import.meta.url))
/** tmpfs: the same files where nothing stands between the kernel and their bytes. */
const peerPlace = '/dev/shm'
const runs = 5
const entries = 10_000

/** The files of a dump beside the same files on tmpfs. `map` is one with many entries. */
export function measureMount(dump: string, map: string): void {
  const place = mkdtempSync(join(peerPlace, 'cryoscope-bench-'))
  const mounted = join(place, 'mount')
  const peer = join(place, 'peer')
  mkdirSync(mounted)
  mkdirSync(peer)
  const started = spawnSync(process.execPath, [cryoscope, 'mount', dump, mounted, '--detach'], {
    encoding: 'utf8',
  })
  if (started.status !== 0) {
    console.log(`files are not measured: ${started.stderr.trim()}`)
    rmSync(place, { recursive: true, force: true })
    return
  }
  try {
    measure(mounted, peer, map)
  } finally {
    execFileSync(process.execPath, [cryoscope, 'unmount', mounted])
    rmSync(place, { recursive: true, force: true })
  }
}

function measure(mounted: string, peer: string, map: string): void {
  const megabytes = 256
  const core = join(mounted, 'memory/physical')
  execFileSync('dd', [`if=${core}`, `of=${join(peer, 'physical')}`, 'bs=1M', `count=${megabytes}`], {
    stdio: 'ignore',
  })
  const read = (file: string): number =>
    timed(() =>
      execFileSync('dd', [`if=${file}`, 'of=/dev/null', 'bs=1M', `count=${megabytes}`, 'iflag=fullblock'], {
        stdio: 'ignore',
      }),
    )
  // Opening drops what the kernel has kept, so each run comes through the mount.
  const sequential = repeat(runs, () => read(core))
  const limit = repeat(runs, () => read(join(peer, 'physical')))

  const pages = entryPages(join(mounted, 'maps/by-name', map, 'entries'))
  for (const [i, page] of pages.entries()) cpSync(page, join(peer, `entries/${i}`), { recursive: true })
  const copies = pages.map((_, i) => join(peer, `entries/${i}`))
  const count = copies.reduce((sum, copy) => sum + readdirSync(copy).length, 0)

  // But for the many entries one by one: they were measured.
  const tree = join(peer, 'maps')
  execFileSync('/bin/sh', [
    '-c',
    `mkdir '${tree}' && cd '${mounted}/maps' && tar --exclude=entries -cf - . | tar -xf - -C '${tree}'`,
  ])
  const grep = (directory: string): number =>
    timed(() =>
      spawnSync('grep', ['-rI', '--exclude-dir=entries', 'nothing has this text', directory], {
        stdio: 'ignore',
      }),
    )
  const files = Number(
    execFileSync('/bin/sh', ['-c', `find '${tree}' -type f | wc -l`], { encoding: 'utf8' }),
  )

  print(`${megabytes} MiB of guest memory, ${count} entries, ${files} files of maps`, [
    { what: 'sequential read, KB', times: sequential, count: (megabytes * 2 ** 20) / 1000, goal: 1 },
    { what: '  the same file on tmpfs', times: limit, count: (megabytes * 2 ** 20) / 1000 },
    { what: `readdir of ${count} entries`, times: repeat(runs, () => wholeProcess('ls', ['-f', ...pages])) },
    { what: '  on tmpfs', times: repeat(runs, () => wholeProcess('ls', ['-f', ...copies])) },
    { what: `stat of ${count} entries`, times: repeat(runs, () => wholeProcess('ls', ['-l', ...pages])) },
    { what: '  on tmpfs', times: repeat(runs, () => wholeProcess('ls', ['-l', ...copies])) },
    { what: 'grep -r of the maps', times: repeat(runs, () => grep(join(mounted, 'maps'))) },
    { what: '  on tmpfs', times: repeat(runs, () => grep(tree)) },
  ])
}

/** As many pages as hold the number of entries that is measured. */
function entryPages(directory: string): string[] {
  const found: string[] = []
  let count = 0
  for (const name of readdirSync(directory)) {
    if (count >= entries || name === 'README.md') continue
    const page = join(directory, name)
    found.push(page)
    count += readdirSync(page).length
  }
  return found
}
