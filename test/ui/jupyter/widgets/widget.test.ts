import { afterEach, describe, expect, it } from 'vitest'
import { displayMethod } from '../../../../src/ui/jupyter/display/mime.js'
import { frontEnd, serveFrontEnds } from '../../../../src/ui/jupyter/widgets/front-end.js'
import {
  Button,
  Dropdown,
  HBox,
  Image,
  IntProgress,
  IntRangeSlider,
  IntSlider,
} from '../../../../src/ui/jupyter/widgets/models.js'
import { live } from '../../../../src/ui/jupyter/widgets/widget.js'
import { fakeHost } from '../support.js'

afterEach(() => {
  frontEnd.generation = 8
  live.clear()
})

const stateOf = (data: Record<string, unknown>) => data.state as Record<string, unknown>

describe('a widget', () => {
  it('opens its model with its state, and those that it holds before it', () => {
    const { sent, data } = fakeHost()
    const slider = new IntSlider({ value: 7, max: 9 })
    expect(sent.map(({ type }) => type)).toEqual(['comm_open', 'comm_open', 'comm_open'])
    const opening = sent.at(-1)
    expect(opening?.metadata).toEqual({ version: '2.1.0' })
    const state = stateOf(data(opening))
    expect(state).toMatchObject({
      _model_name: 'IntSliderModel',
      _model_module: '@jupyter-widgets/controls',
      value: 7,
      min: 0,
      max: 9,
    })
    expect(state.layout).toBe(`IPY_MODEL_${slider.layout.id}`)
  })

  it('sends what changes, once, and hears what the browser changes', async () => {
    const { sent, data, receive } = fakeHost()
    const slider = new IntSlider()
    const heard: unknown[] = []
    const end = slider.observe('value', (value, previous) => heard.push([value, previous]))
    const before = sent.length
    slider.value = 3
    slider.value = 3
    expect(sent.slice(before).map(data)).toEqual([
      { method: 'update', state: { value: 3 }, buffer_paths: [] },
    ])
    await receive(slider.id, { method: 'update', state: { value: 12 }, buffer_paths: [] })
    expect(slider.value).toBe(12)
    expect(data(sent.at(-1)).method).toBe('echo_update')
    end()
    slider.value = 4
    expect(heard).toEqual([
      [3, 0],
      [12, 3],
    ])
  })

  it('refuses attributes that it has not', () => {
    fakeHost()
    expect(() => new IntSlider({ valu: 3 } as object)).toThrow('IntSlider has no attribute valu')
  })

  it('takes nothing from the browser that its model has not', async () => {
    const { receive } = fakeHost()
    const slider = new IntSlider()
    await receive(slider.id, {
      method: 'update',
      state: { constructor: 1, __proto__: { value: 9 }, other: 2 },
    })
    expect(slider.value).toBe(0)
    expect(Object.hasOwn(slider.state, 'other')).toBe(false)
    await receive(slider.id, { method: 'update', state: null, buffer_paths: [['a', 'b'], 'x', []] })
    await receive(slider.id, { method: 'custom' })
  })

  it('is clicked', async () => {
    const { receive } = fakeHost()
    const button = new Button({ description: 'go' })
    let clicks = 0
    button.onClick(() => clicks++)
    await receive(button.id, { method: 'custom', content: { event: 'click' } })
    expect(clicks).toBe(1)
  })

  it('sends and takes bytes as bytes', async () => {
    const { sent, data, receive } = fakeHost()
    const image = new Image({ value: Uint8Array.of(1, 255) })
    expect(sent.at(-1)?.buffers).toEqual([Uint8Array.of(1, 255)])
    expect(data(sent.at(-1)).buffer_paths).toEqual([['value']])
    await receive(image.id, { method: 'update', state: {}, buffer_paths: [['value']] }, [Uint8Array.of(9)])
    expect(image.value).toEqual(Uint8Array.of(9))
  })

  it('holds others, and chooses by index', () => {
    const { sent, data } = fakeHost()
    const dropdown = new Dropdown({ options: ['a', 'b'], index: 1 })
    const box = new HBox({ children: [dropdown] })
    expect(stateOf(data(sent.at(-1))).children).toEqual([`IPY_MODEL_${dropdown.id}`])
    expect(box.children[0]).toBe(dropdown)
    expect(dropdown.options).toEqual(['a', 'b'])
  })

  it('shows itself with a text beside', () => {
    fakeHost()
    const slider = new IntSlider({ value: 3 })
    expect(slider[displayMethod]()).toEqual({
      'text/plain': 'IntSlider(3)',
      'application/vnd.jupyter.widget-view+json': { version_major: 2, version_minor: 0, model_id: slider.id },
    })
  })
})

describe('for the front end of ipywidgets 6', () => {
  async function six() {
    const fake = fakeHost()
    serveFrontEnds(fake.comms, live)
    await fake.comms.take(
      'comm_open',
      { comm_id: 'v', target_name: 'jupyter.widget.version', data: {} },
      { metadata: {}, buffers: [] },
    )
    expect(fake.data(fake.sent.at(-1))).toEqual({ version: '~2.1.4' })
    return fake
  }

  it('models have the names and the form of that time', async () => {
    const { sent, data } = await six()
    new IntProgress()
    expect(data(sent.at(-1))).toMatchObject({
      _model_module: 'jupyter-js-widgets',
      _model_name: 'ProgressModel',
    })
    new IntRangeSlider()
    expect(data(sent.at(-1))).toMatchObject({ _model_name: 'IntSliderModel', _range: true })
    expect(data(sent.at(-1))).not.toHaveProperty('tabbable')
    new Image({ value: Uint8Array.of(1) })
    expect(data(sent.at(-1))).toMatchObject({ _b64value: 'AQ==' })
  })

  it('a choice is its label, both ways', async () => {
    const { sent, data, receive } = await six()
    const dropdown = new Dropdown({ options: ['a', 'b'], index: 1 })
    expect(data(sent.at(-1))).toMatchObject({ value: 'b' })
    await receive(dropdown.id, { method: 'backbone', sync_data: { value: 'a' } })
    expect(dropdown.index).toBe(0)
  })

  it('is drawn by a message, without text beside', async () => {
    const { sent, data } = await six()
    const slider = new IntSlider()
    const bundle = slider[displayMethod]()
    expect(data(sent.at(-1))).toEqual({ method: 'display' })
    expect(Object.keys(bundle)).toEqual(['application/vnd.jupyter.widget-view+json'])
  })
})

describe('a front end that connects later', () => {
  it('gets every state', async () => {
    const { sent, data, comms, receive } = fakeHost()
    serveFrontEnds(comms, live)
    const slider = new IntSlider({ value: 5 })
    const image = new Image({ value: Uint8Array.of(1) })
    await comms.take(
      'comm_open',
      { comm_id: 'c', target_name: 'jupyter.widget.control', data: {} },
      { metadata: {}, buffers: [] },
    )
    await receive('c', { method: 'request_states' })
    const answer = data(sent.at(-1)) as { states: Record<string, { state: object }>; buffer_paths: unknown }
    expect(answer.states[slider.id]?.state).toMatchObject({ value: 5 })
    expect(answer.buffer_paths).toEqual([[image.id, 'state', 'value']])
  })
})
