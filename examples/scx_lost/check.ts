// SPDX-License-Identifier: GPL-2.0
/** Whether every worker that waits is in the ring. One that was taken out a moment ago is not there either: 50 ms. */
export default (vm) => {
  const { head, tail } = vm.map('scx_lost.bss').variables
  const ring = vm.map('ring')
  const queued = new Set()
  for (let position = head; position < tail; position++) queued.add(ring.get(Number(position % 256n)).pid)
  const lost = [...vm.sched.waiting].find(
    ({ name, pid, isCurrent, waitingMs }) =>
      name.startsWith('lost_worker') && !isCurrent && waitingMs > 50 && !queued.has(pid),
  )
  return (
    lost === undefined || `${lost.name} (${lost.pid}) waits for ${lost.waitingMs} ms and is not in the ring`
  )
}
