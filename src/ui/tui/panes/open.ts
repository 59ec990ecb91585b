import type { Desk } from '../model/desk.js'
import type { Target } from '../model/target.js'
import type { View } from '../model/view.js'
import { allocatorView, slotView } from './allocators.js'
import { arenaPlaceView, arenaView } from './arenas.js'
import { bytesView } from './bytes.js'
import { codeView } from './code.js'
import { containerView } from './containers.js'
import { entryView, mapView } from './maps.js'
import { targetAt } from './places.js'
import { listingView, programView } from './programs.js'
import { queueView } from './queues.js'
import { runqueueView } from './scheduler.js'
import { typeView } from './symbols.js'
import { taskView } from './tasks.js'
import { textContent } from './text-content.js'
import { valueContent } from './value-tree.js'
import { vcpuView } from './vcpus.js'

/** The page that shows a target. Throws CryoscopeError when it is not there. */
export function openTarget(desk: Desk, target: Target): View {
  switch (target.kind) {
    case 'map':
      return mapView(desk, target.id)
    case 'entry':
      return entryView(desk, target)
    case 'program':
      return programView(desk, target)
    case 'listing':
      return listingView(desk, target)
    case 'arena':
      return arenaView(desk, target)
    case 'arena-place':
      return arenaPlaceView(desk, target)
    case 'allocator':
      return allocatorView(desk, target)
    case 'slot':
      return slotView(desk, target)
    case 'container':
      return containerView(desk, target)
    case 'task':
      return taskView(desk, target)
    case 'queue':
      return queueView(desk, target)
    case 'runqueue':
      return runqueueView(desk, target)
    case 'vcpu':
      return vcpuView(desk, target)
    case 'type':
      return typeView(desk, target)
    case 'bytes':
      return bytesView(desk, target.address)
    case 'code':
      return codeView(desk, target)
    case 'address': {
      const found = targetAt(desk, target.address).target
      return found.kind === 'address' ? bytesView(desk, target.address) : openTarget(desk, found)
    }
    case 'value':
      return {
        title: target.title,
        target,
        load: (opened) => valueContent(desk, target.id, target.read(), opened),
      }
    case 'text':
      return { title: target.title, target, load: () => textContent(target.title, target.read()) }
    case 'tab':
      throw new Error('a tab is no page')
  }
}
