import type { Cockpit } from './model/cockpit.js'

interface Step {
  readonly text: string
  /** Whether the person has done it. */
  readonly done: (cockpit: Cockpit, before: Snapshot) => boolean
}

interface Snapshot {
  readonly epoch: number | undefined
  readonly depth: number
}

const steps: readonly Step[] = [
  {
    text: 'Tour 1/6 (Esc leaves it)  The guest stands still; everything you see is read from its memory, live and typed. These sentences tell what is going on. Press 3 for its BPF maps.',
    done: ({ tabs, tab }) => tabs[tab]?.name === 'maps',
  },
  {
    text: 'Tour 2/6 (Esc leaves it)  Every BPF map of the kernel. Type /pid_stats and Enter to find one, then Enter again to open it; Backspace always leads back.',
    done: ({ tabs, tab }) => (tabs[tab]?.pages.length ?? 0) > 1,
  },
  {
    text: "Tour 3/6 (Esc leaves it)  Its entries, typed by the program's own BTF. Tab goes to the fields of the one under the cursor; on a pointer (blue) Enter follows it: try data or tptr.",
    done: ({ tabs, tab }) => (tabs[tab]?.pages.length ?? 0) > 2,
  },
  {
    text: 'Tour 4/6 (Esc leaves it)  You are in the object that the pointer leads to; the line above says how you came here. Press a to let the guest run for one millisecond.',
    done: ({ vm }, { epoch }) => vm.target.control?.epoch !== epoch && vm.state === 'frozen',
  },
  {
    text: 'Tour 5/6 (Esc leaves it)  What changed since the stop before is marked with ~ everywhere; d lists it all. Press f to let the guest run, and f again to freeze it.',
    done: ({ vm }) => vm.state === 'running',
  },
  {
    text: 'Tour 6/6 (Esc leaves it)  While it runs, panes refresh. ? shows all keys, : runs a line of code with vm and _, w on a field runs until it is written. That was the tour: Esc closes it, q leaves.',
    done: () => false,
  },
]

/** The short tour of `cryoscope demo`; it goes on by itself when the person has done what it says. */
export function startTour(cockpit: Cockpit): void {
  const show = (number: number): Snapshot => {
    cockpit.tour = { step: number, text: (steps[number] as Step).text }
    return { epoch: cockpit.vm.target.control?.epoch, depth: cockpit.tabs[cockpit.tab]?.pages.length ?? 0 }
  }
  let before = show(0)
  const unsubscribe = cockpit.subscribe(() => {
    const { tour } = cockpit
    if (tour === undefined) unsubscribe()
    else if (steps[tour.step]?.done(cockpit, before) && tour.step + 1 < steps.length) {
      before = show(tour.step + 1)
      // The body has another height when the next step has other lines.
      setImmediate(() => cockpit.changed())
    }
  })
}
