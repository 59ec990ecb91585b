import { CryoscopeError } from '../../errors.js'
import { hasConfig, readConfig } from '../../kernel/config.js'
import { dmesg, formatLog } from '../../kernel/dmesg.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Problems } from '../../problems.js'
import { escapeLines, escapeText } from '../../text.js'
import { fileName } from './names.js'
import type { Directory, Entry } from './node.js'
import { type ProblemNotes, section } from './section.js'
import { bytesFile, placed, textFile, type View } from './view.js'

export function kernelDirectory(view: View): Directory {
  const { kernel } = view.session
  return section({
    title: 'Kernel',
    about: `What the kernel keeps of itself: Linux ${escapeText(kernel.release)}.`,
    parts: [['btf/<name>', 'BTF of vmlinux and of modules as /sys/kernel/btf has it, of programs by id']],
    commands: ['info', 'symbol', 'type'],
    cache: view.cache,
    *entries(notes) {
      yield [
        'vmcoreinfo',
        textFile(view, 'the note in which it describes itself for dump tools', () => kernel.info.text),
      ]
      yield ['kallsyms', bytesFile(view, 'symbols, as /proc/kallsyms has them', () => symbols(kernel, notes))]
      yield [
        'dmesg',
        textFile(view, 'its log, as dmesg prints it', () => {
          const problems = new Problems()
          const text = escapeLines(formatLog(dmesg(kernel, problems)))
          for (const problem of problems.sentences) notes.add('dmesg', problem)
          return text
        }),
      ]
      yield* configuration(view, kernel, notes)
      yield ['btf', () => btfDirectory(view, kernel)]
    },
  })
}

function* configuration(view: View, kernel: Kernel, notes: ProblemNotes): Generator<Entry> {
  if (hasConfig(kernel))
    yield [
      'config',
      bytesFile(view, 'how it was configured, as /proc/config.gz has it', () => readConfig(kernel)),
    ]
  else
    notes.add('config', 'this kernel was built without CONFIG_IKCONFIG and does not hold its configuration')
}

function symbols(kernel: Kernel, notes: ProblemNotes): Uint8Array {
  const parts: Buffer[] = []
  let text = ''
  const add = (address: bigint, type: string, name: string, group?: string): void => {
    const where = group === undefined ? '' : `\t[${escapeText(group)}]`
    text += `${address.toString(16).padStart(16, '0')} ${type} ${escapeText(name)}${where}\n`
    if (text.length < 2 ** 20) return
    parts.push(Buffer.from(text))
    text = ''
  }
  for (const { address, type, name } of kernel.symbols) add(address, type, name)
  try {
    for (const { address, type, name, group } of kernel.symbolizer.dynamic()) add(address, type, name, group)
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    notes.add('kallsyms', `symbols of modules and programs: ${error.message}`)
  }
  return Buffer.concat([...parts, Buffer.from(text)])
}

function btfDirectory(view: View, kernel: Kernel): Directory {
  return section({
    title: 'BTF',
    about:
      'Types, byte for byte as the kernel holds them: `bpftool btf dump file vmlinux`. Those of a program are called `<id>`.',
    isRepetition: true,
    commands: ['type'],
    cache: view.cache,
    entries: (notes) => {
      const problems = new Problems()
      const found = [...kernel.btfObjects.all(problems)]
      for (const problem of problems.sentences) notes.add('btf', problem)
      return found.map((object): Entry => {
        const name = object.isKernel && object.name !== '' ? object.name : String(object.id)
        const made = bytesFile(view, `BTF ${object.id}`, () => kernel.btfObjects.bytes(object))
        return [fileName(name), { ...made, attributes: placed('struct btf', object.address) }]
      })
    },
  })
}
