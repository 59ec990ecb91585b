import { describe, expect } from 'vitest'
import type { Engine } from '../../../../src/ui/tui/model/parts.js'
import { caller, codeWorld, screenOf, willDo } from './code-world.js'
import { task } from './task.js'

const hex = (address: bigint): string => `0x${address.toString(16)}`

describe('what people do who come from gdb and pwndbg', () => {
  task(1, 'see where each vCPU stands, with its code, its stack and its registers', async () => {
    using screen = await screenOf(codeWorld().vm)
    await screen.type('2')
    expect(screen.text).toMatch(/demo_caller\+0x4/)
    expect(screen.text).toMatch(/code +demo_caller/)
    expect(screen.text).toMatch(/=> \+0x4 +call +0x[0-9a-f]+ <demo_called>/)
    expect(screen.text).toMatch(/stack/)
    expect(screen.text).toMatch(/rsi +0x0{15}5/)
  })

  task(2, 'read a whole function as instructions, the cursor where you asked', async () => {
    using screen = await screenOf(codeWorld().vm)
    await screen.type('gdemo_caller+0x9\r')
    expect(screen.text).toMatch(/Overview › demo_caller\+0x9/)
    expect(screen.text).toMatch(/\+0x0 +push +rbp/)
    expect(screen.text).toMatch(/^› +\+0x9 +mov +ebx, eax/m)
    expect(screen.text).toMatch(/=> \+0x4 +call .*vCPU 0 is here/)
  })

  task(3, 'follow a call into the function, and come back', async () => {
    using screen = await screenOf(codeWorld().vm)
    await screen.type('gdemo_caller+0x4\r')
    await screen.type('\r')
    expect(screen.text).toMatch(/demo_caller\+0x4 › demo_called/)
    expect(screen.text).toMatch(/mov +eax, dword ptr \[rdi\]/)
    await screen.type('\x7f')
    expect(screen.text).toMatch(/Overview › demo_caller\+0x4 {2}/)
  })

  task(4, 'open the code of a stack frame', async () => {
    const { vm, callerAt } = codeWorld()
    using screen = await screenOf(vm)
    await screen.type('2\r')
    screen.cockpit.page.list.setFilter('#0', 30)
    await screen.type('\r')
    expect(screen.cockpit.page.view.target).toEqual({ kind: 'code', address: callerAt + caller.call })
    expect(screen.text).toMatch(/^›.*=> \+0x4 +call/m)
  })

  task(5, 'see what a register points at, and what lies there, three deep', async () => {
    const { vm, counter, task: worker } = codeWorld()
    using screen = await screenOf(vm)
    await screen.type('2\r')
    screen.cockpit.page.list.setFilter('r9', 30)
    await screen.rest()
    expect(screen.text).toContain(`${hex(counter)} → counter → ${hex(worker)} task 7 → 0x`)
    await screen.type('\r')
    expect(screen.text).toMatch(/vCPU 0 › counter/)
  })

  task(6, 'read flags by their names', async () => {
    using screen = await screenOf(codeWorld().vm)
    await screen.type('2')
    expect(screen.text).toMatch(/eflags +0x0+246 \[PF ZF IF\]/)
  })

  task(7, 'execute one instruction and see what it changed', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    world.registers.rip = world.callerAt + caller.behind
    world.control.epoch++
    willDo(world, { change: { rbx: 1n, rip: world.callerAt + 11n } })
    await screen.type('n')
    await screen.until(/mov ebx, eax: rbx 0x2 → 0x1, now at demo_caller\+0xb/)
  })

  task(8, 'step over a call, whoever else comes by', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    const behind = world.callerAt + caller.behind
    const sp = world.registers.rsp ?? 0n
    willDo(
      world,
      // Another vCPU, then an inner call of the same one, come by first.
      { change: {}, stop: { cpu: 1 } },
      { change: { rip: behind, rsp: sp - 64n } },
      { change: { rip: behind, rsp: sp, rax: 7n } },
    )
    await screen.type('o')
    await screen.until(/vCPU 0 is at demo_caller\+0x9, rax is 0x7/)
    expect(world.control.calls).toHaveLength(3)
    expect(world.control.calls[0]?.[1]).toEqual({ addresses: [behind] })
  })

  task(9, 'run until the function returns to its caller', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    const behind = world.callerAt + caller.behind
    const sp = world.registers.rsp ?? 0n
    world.registers.rip = world.calledAt
    world.vm.write(sp, behind, 'unsigned long')
    world.control.epoch++
    willDo(world, { change: { rip: behind, rsp: sp + 8n, rax: 3n } })
    await screen.type('F')
    await screen.until(/vCPU 0 is at demo_caller\+0x9, rax is 0x3/)
    expect(world.control.calls[0]?.[1]).toEqual({ addresses: [behind] })
  })

  task(10, 'read the arguments at the entry of a function, typed', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    willDo(world, { change: { rip: world.calledAt } })
    await screen.type('udemo_called\r')
    await screen.until(/breakpoint on vCPU 0, at demo_called/)
    await screen.type('2')
    expect(screen.text).toMatch(/arguments/)
    expect(screen.text).toMatch(/ p +.*struct task_struct \*/)
    expect(screen.text).toMatch(/ flags +5/)
    expect((world.vm.args() as { p: { comm: string } }).p.comm).toBe('demo_task')
    world.registers.rip = world.calledAt + 2n
    world.control.epoch++
    expect(() => world.vm.args()).toThrow(/no vCPU stands at a function's first instruction/)
    expect(() => world.vm.args(0)).toThrow(/vCPU 0 does not stand at/)
  })

  task(11, 'set a breakpoint on an instruction, and run until it is hit', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    await screen.type('gdemo_called\r')
    await screen.type('x')
    expect(screen.text).toMatch(/stops before demo_called: r runs until then/)
    expect(screen.text).toMatch(/\* \+0x0 +mov/)
    willDo(world, { change: { rip: world.calledAt }, stop: { address: world.calledAt } })
    await screen.type('r')
    await screen.until(/demo_called, hit 1, on vCPU 0, at demo_called/)
    expect(world.control.calls[0]?.[1]).toEqual({ addresses: [world.calledAt], writes: [] })
    await screen.type('x')
    expect(screen.text).not.toMatch(/\* \+0x0/)
  })

  task(
    12,
    'list breakpoints and watchpoints, give one a condition, and see how often each was hit',
    async () => {
      const world = codeWorld()
      using screen = await screenOf(world.vm)
      const asked: string[] = []
      screen.cockpit.engine = {
        holds: async (condition: string) => asked.push(condition) === 2,
        complete: async () => [],
      } as unknown as Engine
      await screen.type('gdemo_called\r')
      await screen.type('xX')
      expect(screen.text).toMatch(/demo_called +before it is executed +0 +0/)
      await screen.type('\r')
      await screen.type('vm.args().flags > 4\r')
      expect(screen.text).toMatch(/before it is executed +vm\.args\(\)\.flags > 4 +0 +0/)
      const reached = { change: { rip: world.calledAt }, stop: { address: world.calledAt } }
      willDo(world, reached, reached)
      await screen.type('r')
      await screen.until(/demo_called, hit 1, on vCPU 0/)
      expect(asked).toEqual(['vm.args().flags > 4', 'vm.args().flags > 4'])
      expect(screen.text).toMatch(/vm\.args\(\)\.flags > 4 +1 +2/)
      await screen.type('x')
      expect(screen.text).toMatch(/There is nowhere to stop yet/)
    },
  )

  task(13, 'run until a field is written', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    await screen.type(`g${hex(world.counter)}\r`)
    willDo(world, { change: {}, stop: { reason: 'watchpoint', address: world.counter } })
    await screen.type('w')
    await screen.until(/watchpoint on vCPU 0/)
    expect(world.control.calls[0]?.[1]).toEqual({ write: world.counter, length: 8 })
    await screen.type('x')
    expect(screen.text).toMatch(/stops when 0x[0-9a-f]+ is written/)
    willDo(world, { change: {}, stop: { reason: 'watchpoint', address: world.counter } })
    await screen.type('r')
    await screen.until(/hit 1, on vCPU 0/)
    expect(world.control.calls.at(-1)?.[1]).toEqual({
      addresses: [],
      writes: [{ write: world.counter, length: 8 }],
    })
  })

  task(14, 'look at memory word by word, with what each word points at', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    await screen.type('gcounter\r')
    expect(screen.text).toMatch(/Overview › counter/)
    expect(screen.text).toMatch(/^›.*counter/m)
    await screen.type('\r')
    expect(screen.text).toMatch(/counter › demo_task \(pid 7\)/)
  })

  task(15, 'change a field, and see what it was and what it is', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    await screen.type('gdemo_task\r')
    screen.cockpit.page.list.setFilter('exit_state', 30)
    await screen.type('=')
    expect(screen.text).toMatch(/write exit_state: 0/)
    await screen.type('\x7f16\r')
    expect(screen.text).toMatch(/exit_state: 0 → 16; U takes it back/)
    expect(screen.text).toMatch(/exit_state +16/)
    expect(world.vm.task(7)).toMatchObject({ exit_state: 16 })
  })

  task(16, 'take a write back', async () => {
    const world = codeWorld()
    using screen = await screenOf(world.vm)
    await screen.type('U')
    expect(screen.text).toMatch(/nothing was written that could be taken back/)
    world.vm.write(world.counter, 5, 'unsigned long')
    await screen.type('U')
    expect(screen.text).toMatch(/taken back: .*: 5 → /)
    expect(world.vm.at(world.counter, 'unsigned long')).toBe(world.task)
  })
})
