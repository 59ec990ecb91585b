import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { checkForArchitecture } from '../../src/machine/architecture.js'
import { type BootOptions, checkBootOptions, mebibyte } from '../../src/machine/options.js'
import { qemuArguments, withDefaults } from '../../src/machine/qemu.js'

describe('checkBootOptions', () => {
  it('takes everything that has a meaning', () => {
    checkBootOptions({})
    checkBootOptions({
      cpus: 255,
      memoryBytes: 128 * mebibyte,
      cpu: 'max,la57=off',
      name: 'a.b-c_1',
      run: [['x', 'y']],
    })
  })

  it.each<[Record<string, unknown>, string]>([
    [{ cpus: 0 }, 'cpus is 1 to 255, not 0'],
    [{ cpus: 1.5 }, 'cpus is 1 to 255, not 1.5'],
    [{ cpus: Number.NaN }, 'cpus is 1 to 255'],
    [{ nodes: 0 }, 'nodes is 1 to 64, not 0'],
    [{ nodes: 3 }, '3 nodes cannot share 2 vCPUs evenly; give a multiple of 3'],
    [{ memoryBytes: 64 * mebibyte }, 'a guest needs at least 128 MiB of memory, not 64 MiB'],
    [{ memoryBytes: 512 }, 'a whole number of MiB'],
    [{ memoryBytes: 2 ** 60 }, 'up to 1 TiB'],
    [{ accelerator: 'xen' }, 'accelerator is one of auto, kvm, tcg, not "xen"'],
    [{ arch: 'riscv64' }, 'arch is one of amd64, arm64'],
    [{ boot: 'uefi' }, 'boot is one of bzimage, elf'],
    [{ machine: 'microvm' }, 'machine is one of q35, pc, virt'],
    [{ name: '../up' }, '"../up" cannot name a guest'],
    [{ cpu: 'max -daemonize' }, 'cpu is a QEMU CPU model'],
    [{ append: 'a\nb' }, 'append cannot hold control characters'],
    [{ run: [['a\0b']] }, 'run cannot hold NUL'],
    [{ bootTimeoutMs: 0 }, 'bootTimeoutMs is a positive number'],
    [{ memroy: 1 }, 'there is no boot option "memroy"'],
  ])('refuses %j', (options, sentence) => {
    const check = () => checkBootOptions(options as BootOptions)
    expect(check).toThrow(sentence)
    expect(check).toThrow(CryoscopeError)
  })
})

describe('qemuArguments', () => {
  const place = { directory: '/run/a,b', name: 'x', kernel: '/k', initrd: '/i' }
  const words = (options: BootOptions, accelerator: 'kvm' | 'tcg' = 'tcg') =>
    qemuArguments({ ...withDefaults(options), ...place, accelerator })
  const wordAfter = (list: readonly string[], option: string) => list[list.indexOf(option) + 1]

  it('shares guest RAM as a nameless file', () => {
    const list = words({ memoryBytes: 4096 * mebibyte, cpus: 3, machine: 'pc' })
    expect(wordAfter(list, '-object')).toBe('memory-backend-memfd,id=ram,size=4096M,share=on')
    expect(wordAfter(list, '-machine')).toBe('pc,memory-backend=ram')
    expect(wordAfter(list, '-smp')).toBe('3')
  })

  it('makes each node a socket, with RAM on the first', () => {
    const list = words({ cpus: 4, nodes: 2 })
    expect(wordAfter(list, '-machine')).toBe('q35')
    expect(wordAfter(list, '-smp')).toBe('4,sockets=2')
    const nodes = list.flatMap((word, i) => (word === '-numa' ? [list[i + 1]] : []))
    expect(nodes).toEqual(['node,nodeid=0,cpus=0-1,memdev=ram', 'node,nodeid=1,cpus=2-3'])
  })

  it('gives several monitors, with commas of paths doubled', () => {
    const monitors = words({}).filter((word) => word.startsWith('socket,id=qmp'))
    expect(monitors).toHaveLength(32)
    expect(monitors[0]).toBe('socket,id=qmp0,path=/run/a,,b/qmp.0,server=on,wait=off')
  })

  it('starts an arm64 guest on its own machine and port', () => {
    const list = qemuArguments({ ...withDefaults({}, 'arm64'), ...place, accelerator: 'tcg' })
    expect(wordAfter(list, '-machine')).toBe('virt,memory-backend=ram')
    expect(wordAfter(list, '-cpu')).toBe('cortex-a76')
    expect(wordAfter(list, '-append')).toBe('console=ttyAMA0 quiet panic=-1')
  })

  it('passes kernel words on, and runs TCG in one thread', () => {
    expect(wordAfter(words({ kaslr: false, append: 'a=1 b' }), '-append')).toBe(
      'console=ttyS0 quiet panic=-1 nokaslr a=1 b',
    )
    expect(wordAfter(words({}), '-append')).toBe('console=ttyS0 quiet panic=-1')
    expect(wordAfter(words({}), '-accel')).toBe('tcg,thread=single')
    expect(wordAfter(words({ tcgThreads: 'multi' }), '-accel')).toBe('tcg,thread=multi')
    expect(wordAfter(words({}, 'kvm'), '-accel')).toBe('kvm')
  })
})

describe('deterministic guests', () => {
  it('have a clock that counts instructions, and nothing of the host', () => {
    const deterministic = {
      seed: 7,
      plugin: '/lib/record,1.so',
      shared: '/run/shared',
      pluginArguments: ['count=12'],
      ram: 20,
      incoming: true,
    }
    const place = { directory: '/run/a', name: 'x', kernel: '/k', initrd: '/i', accelerator: 'tcg' as const }
    const line = qemuArguments({ ...withDefaults({}), ...place, deterministic }).join(' ')
    expect(line).toContain('-accel tcg,thread=single,tb-size=1024 ')
    expect(line).toContain('-icount shift=1,sleep=off -rtc base=2026-01-01,clock=vm -seed 7 ')
    expect(line).toContain('memory-backend-file,mem-path=/proc/self/fd/3,id=ram,')
    expect(line).toContain(
      '/lib/record,,1.so,shared=/run/shared,ram=/proc/self/fd/3,count=12 -S -incoming defer',
    )
    expect(line).toContain('virtio-serial-pci,ioeventfd=off')
  })

  it('are refused with what would make runs differ, and why', () => {
    const refused = (options: BootOptions, sentence: string) =>
      expect(() => checkBootOptions({ deterministic: true, ...options })).toThrow(sentence)
    checkBootOptions({ deterministic: true, seed: 2 ** 32 - 1, accelerator: 'tcg' })
    refused({ accelerator: 'kvm' }, 'on KVM the processors of the host decide')
    refused({ tcgThreads: 'multi' }, 'one thread for all vCPUs')
    refused({ arch: 'arm64' }, 'is x86-64')
    refused({ detach: true }, 'cryoscope record')
    for (const seed of [-1, 1.5, 2 ** 32]) refused({ seed }, 'seed is a whole number from 0 to 4294967295')
    expect(() => checkBootOptions({ seed: 1 })).toThrow('add --deterministic')
  })
})

describe('checkForArchitecture', () => {
  it('refuses what that kind of machine does not have', () => {
    checkForArchitecture({ machine: 'pc', boot: 'elf' }, 'amd64')
    checkForArchitecture({ arch: 'arm64', machine: 'virt' }, 'arm64')
    const refused = (options: BootOptions, architecture: 'amd64' | 'arm64', sentence: string) =>
      expect(() => checkForArchitecture(options, architecture)).toThrow(sentence)
    refused({ arch: 'amd64' }, 'arm64', 'its kernel is for arm64, and --arch says amd64')
    refused({ machine: 'virt' }, 'amd64', 'machine is one of q35, pc for x86-64')
    refused({ boot: 'elf' }, 'arm64', 'not by PVH')
    refused({ accelerator: 'kvm' }, 'arm64', 'KVM runs only guests of the kind of this machine')
  })
})
