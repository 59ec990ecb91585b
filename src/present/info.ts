import type { TargetInfo } from '../contract/target.js'
import { figureJsonText } from '../problems.js'
import { escapeText } from '../text.js'
import { durationText, sizeText } from '../units.js'
import { cpuList } from '../value/mask.js'

/** Ranges of memory that are named. */
const pairsShown = 4

/** One of two kernels. */
function kernelPair(
  { release, role, at, chosen }: TargetInfo['kernels'][number],
  i: number,
): [string, string] {
  const told = chosen ? ': all of this is told of it' : at === null ? '' : `: --kernel-at ${at} tells of it`
  return [
    i === 0 ? 'kernels' : '',
    escapeText(`${role ?? 'other'}: ${release}${at === null ? '' : ` at ${at}`}${told}`),
  ]
}

/** "3, of 4 CPUs: CPU 1 is offline". */
function vcpusText({ vcpus, cpus }: TargetInfo): string {
  if (cpus === null) return String(vcpus)
  const { possible, online } = cpus
  const offline = online === null ? [] : possible.filter((cpu) => !online.includes(cpu))
  if (offline.length === 0 && possible.length === vcpus) return String(vcpus)
  const off =
    offline.length === 0 ? '' : `: CPU ${cpuList(offline)} ${offline.length === 1 ? 'is' : 'are'} not online`
  return `${vcpus}, of ${possible.length} possible CPUs${off}`
}

/** What is known of a target, in pairs, each safe for a terminal. */
export function infoPairs(found: TargetInfo): [string, string][] {
  const ranges = found.memoryRanges
    .slice(0, pairsShown)
    .map(({ start, bytes }) => `${sizeText(bytes)} at ${start}`)
  const more =
    found.memoryRanges.length > pairsShown ? `, and ${found.memoryRanges.length - pairsShown} more` : ''
  const types =
    'problem' in found.types
      ? found.types.problem
      : `${figureJsonText(found.types.count)} from ${found.types.source}`
  const kind = [found.format, found.accelerator].filter((fact) => typeof fact === 'string').join(', ')
  return [
    ['target', `${escapeText(found.target)} (${found.state === 'dump' ? kind : `${found.state}, ${kind}`})`],
    ['kernel', escapeText(`${found.release}${found.machine === null ? '' : ` ${found.machine}`}`)],
    ...found.kernels.filter(() => found.kernels.length > 1).map(kernelPair),
    ...(found.version === null ? [] : [['version', escapeText(found.version)] as [string, string]]),
    ...(found.panic === null ? [] : [['panic', escapeText(found.panic.text)] as [string, string]]),
    ['vCPUs', vcpusText(found)],
    ['memory', `${sizeText(found.memoryBytes)}: ${ranges.join(', ')}${more}`],
    ['symbols', `${found.symbols.count} from ${found.symbols.source}`],
    ['types', escapeText(types)],
    ...found.evidence.map((line, index): [string, string] => [
      index === 0 ? 'found by' : '',
      escapeText(line),
    ]),
    ['opened in', durationText(found.openMilliseconds)],
  ]
}
