import { stackLines } from '../../present/columns/stacks.js'
import { vcpuName } from '../../present/columns/vcpus.js'
import type { Vcpu } from '../../session/vcpu.js'
import type { Directory, Entry } from './node.js'
import { section } from './section.js'
import { jsonFile, textFile, type View } from './view.js'

export function vcpusDirectory(view: View): Directory {
  return section({
    title: 'vCPUs',
    about: 'Where each vCPU stands, one directory each.',
    parts: [['<n>/', 'one vCPU, by its number']],
    commands: ['vcpus'],
    cache: view.cache,
    entries: () =>
      view.session.vcpus.map((vcpu): Entry => [String(vcpu.index), () => vcpuDirectory(view, vcpu)]),
  })
}

function vcpuDirectory(view: View, vcpu: Vcpu): Directory {
  return section({
    title: vcpuName(vcpu),
    about: 'One vCPU at the moment of this stop.',
    commands: ['vcpus', 'stack'],
    cache: view.cache,
    entries: () => [
      [
        'registers.json',
        jsonFile(view, 'registers, place, task: this vCPU in `cryoscope vcpus --json`', () => vcpu),
      ],
      ['registers.txt', textFile(view, 'registers, one in a line', () => registersText(vcpu))],
      ['where', textFile(view, 'symbol and offset of the instruction pointer', () => `${whereText(vcpu)}\n`)],
      [
        'stack',
        textFile(view, 'its kernel stack, innermost frame first; empty in user space', () => stackText(vcpu)),
      ],
    ],
  })
}

function whereText(vcpu: Vcpu): string {
  return vcpu.where ?? `0x${vcpu.rip.toString(16)}${vcpu.privilege === 3 ? ' in user code' : ''}`
}

function stackText({ stack }: Vcpu): string {
  return stack === undefined ? '' : `${stackLines(stack, '').join('\n')}\n`
}

function registersText({ registers }: Vcpu): string {
  return Object.entries(registers)
    .map(([name, value]) => {
      const text = value === undefined ? 'not known' : `0x${value.toString(16).padStart(16, '0')}`
      return `${name.padEnd(10)} ${text}\n`
    })
    .join('')
}
