/** Writes the man page from what the commands say of themselves: `node scripts/man.js > cryoscope.1`. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Text for roff, in any encoding: no word of it is a request, an escape or a hyphen that may be broken. */
function roff(text) {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replace(
      /[^\0-\x7f]/gu,
      (letter) => `\\[u${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
}

/** The page. `help` gives what `cryoscope --help` prints, and of a name `cryoscope help NAME`. */
export function manPage({ version, description }, help) {
  const [commands] = help().split(/^Targets$/m)
  const names = [...commands.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name)
  const sections = names.map((name) => {
    const text = help(name)
      .replace(/^Usage: /, '')
      .trim()
    return `.SS ${name}\n.nf\n${roff(text)}\n.fi\n`
  })
  return `.TH CRYOSCOPE 1 "" "cryoscope ${version}"
.SH NAME
cryoscope \\- freeze a running Linux guest and look inside
.SH SYNOPSIS
.B cryoscope
.I COMMAND
.RI [ ARGUMENTS ]
.SH DESCRIPTION
${roff(description)}
.SH TARGETS
.TP
.I vmcore
a dump file: an ELF core, a kdump\\-compressed dump, a QEMU stream, LiME or raw memory
.TP
.I @name
a guest that \\fBcryoscope boot \\-\\-detach\\fR left running; \\fBcryoscope ps\\fR lists them
.TP
.I socket
the QMP socket of any QEMU
.TP
.I live
the running machine, through /proc/kcore
.SH COMMANDS
${sections.join('')}.SH EXIT STATUS
.TP
0
done
.TP
1
the thing asked for is not there, cannot be read, or the guest did something else
.TP
2
wrong usage
.TP
3
the environment lacks something; the message says what to install
.SH ENVIRONMENT
.TP
.B XDG_CACHE_HOME
guest kernels, tools and what can be computed again, in cryoscope/ below it
.TP
.B XDG_RUNTIME_DIR
sockets of guests
.TP
.B CRYOSCOPE_DEBIAN_MIRROR, CRYOSCOPE_DEBIAN_KEYRING
where kernels come from on machines without apt
.TP
.B CRYOSCOPE_DEBUG
1 adds stack traces
`
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const help = (name) =>
    execFileSync(
      process.execPath,
      [join(root, 'bin/cryoscope.js'), ...(name === undefined ? ['--help'] : ['help', name])],
      {
        encoding: 'utf8',
        env: { ...process.env, COLUMNS: '78', NO_COLOR: '1' },
      },
    )
  process.stdout.write(manPage(manifest, help))
}
