import { readFileSync } from 'node:fs'

/** A line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface MountedPlace {
  readonly directory: string
  /** "fuse.cryoscope". */
  readonly type: string
  readonly source: string
}

/** What our mounts are called in the kernel's table. */
export const mountType = 'fuse.cryoscope'

export function parseMountInfo(text: string): MountedPlace[] {
  return text.split('\n').flatMap((line) => {
    const [fields = '', rest = ''] = line.split(' - ')
    const directory = fields.split(' ')[4]
    const [type, source] = rest.split(' ')
    if (directory === undefined || type === undefined || source === undefined) return []
    return [{ directory: unescapePath(directory), type, source: unescapePath(source) }]
  })
}

/** Spaces, tabs, line ends and backslashes are written as three octal digits. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** What is mounted on a directory, the uppermost; undefined when nothing is. Never touches the directory itself. */
export function mountedOn(directory: string): MountedPlace | undefined {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')).findLast(
    (place) => place.directory === directory,
  )
}
