import type { CommManager } from '../comm.js'
import type { Generation } from './spec.js'
import { identity, sixVersion } from './state.js'
import type { Widget } from './widget.js'

/** What the front end speaks. Most speak 8; one that speaks 6 says so as soon as it has connected, before any cell. */
export const frontEnd: { generation: Generation } = { generation: 8 }

/** Answers what front ends ask about widgets. CRYOSCOPE_WIDGETS=6 or 8 decides without asking. */
export function serveFrontEnds(comms: CommManager, live: ReadonlyMap<string, Widget>): void {
  const { CRYOSCOPE_WIDGETS: forced } = process.env
  if (forced === '6' || forced === '8') frontEnd.generation = Number(forced) as Generation
  // Models that a front end makes by itself are not needed by any of ours; their comms are kept so that it is content.
  comms.register('jupyter.widget', () => {})
  comms.register('jupyter.widget.version', (comm) => {
    if (forced === undefined) frontEnd.generation = 6
    comm.send({ version: sixVersion })
  })
  comms.register('jupyter.widget.control', (comm) => {
    comm.onMessage = ({ data }) => {
      if (data.method !== 'request_states') return
      const states: Record<string, unknown> = {}
      const buffer_paths: unknown[] = []
      const buffers: Uint8Array[] = []
      for (const [id, widget] of live) {
        const packed = widget.wireState()
        const { _model_name, _model_module, _model_module_version } = identity(
          widget.spec,
          frontEnd.generation,
        )
        states[id] = {
          model_name: _model_name,
          model_module: _model_module,
          model_module_version: _model_module_version,
          state: packed.state,
        }
        for (const path of packed.paths) buffer_paths.push([id, 'state', ...path])
        buffers.push(...packed.buffers)
      }
      comm.send({ method: 'update_states', states, buffer_paths }, {}, buffers)
    }
  })
}
