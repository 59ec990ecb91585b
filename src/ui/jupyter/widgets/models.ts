/** Made by scripts/widget-models.js from @jupyter-widgets/schema. */
import { define, Widget } from './widget.js'

export interface LayoutState {
  /** The align-content CSS attribute. */
  align_content: "flex-start" | "flex-end" | "center" | "space-between" | "space-around" | "space-evenly" | "stretch" | "inherit" | "initial" | "unset" | null
  /** The align-items CSS attribute. */
  align_items: "flex-start" | "flex-end" | "center" | "baseline" | "stretch" | "inherit" | "initial" | "unset" | null
  /** The align-self CSS attribute. */
  align_self: "auto" | "flex-start" | "flex-end" | "center" | "baseline" | "stretch" | "inherit" | "initial" | "unset" | null
  /** The border bottom CSS attribute. */
  border_bottom: string | null
  /** The border left CSS attribute. */
  border_left: string | null
  /** The border right CSS attribute. */
  border_right: string | null
  /** The border top CSS attribute. */
  border_top: string | null
  /** The bottom CSS attribute. */
  bottom: string | null
  /** The display CSS attribute. */
  display: string | null
  /** The flex CSS attribute. */
  flex: string | null
  /** The flex-flow CSS attribute. */
  flex_flow: string | null
  /** The grid-area CSS attribute. */
  grid_area: string | null
  /** The grid-auto-columns CSS attribute. */
  grid_auto_columns: string | null
  /** The grid-auto-flow CSS attribute. */
  grid_auto_flow: "column" | "row" | "row dense" | "column dense" | "inherit" | "initial" | "unset" | null
  /** The grid-auto-rows CSS attribute. */
  grid_auto_rows: string | null
  /** The grid-column CSS attribute. */
  grid_column: string | null
  /** The grid-gap CSS attribute. */
  grid_gap: string | null
  /** The grid-row CSS attribute. */
  grid_row: string | null
  /** The grid-template-areas CSS attribute. */
  grid_template_areas: string | null
  /** The grid-template-columns CSS attribute. */
  grid_template_columns: string | null
  /** The grid-template-rows CSS attribute. */
  grid_template_rows: string | null
  /** The height CSS attribute. */
  height: string | null
  /** The justify-content CSS attribute. */
  justify_content: "flex-start" | "flex-end" | "center" | "space-between" | "space-around" | "inherit" | "initial" | "unset" | null
  /** The justify-items CSS attribute. */
  justify_items: "flex-start" | "flex-end" | "center" | "inherit" | "initial" | "unset" | null
  /** The left CSS attribute. */
  left: string | null
  /** The margin CSS attribute. */
  margin: string | null
  /** The max-height CSS attribute. */
  max_height: string | null
  /** The max-width CSS attribute. */
  max_width: string | null
  /** The min-height CSS attribute. */
  min_height: string | null
  /** The min-width CSS attribute. */
  min_width: string | null
  /** The object-fit CSS attribute. */
  object_fit: "contain" | "cover" | "fill" | "scale-down" | "none" | null
  /** The object-position CSS attribute. */
  object_position: string | null
  /** The order CSS attribute. */
  order: string | null
  /** The overflow CSS attribute. */
  overflow: string | null
  /** The padding CSS attribute. */
  padding: string | null
  /** The right CSS attribute. */
  right: string | null
  /** The top CSS attribute. */
  top: string | null
  /** The visibility CSS attribute. */
  visibility: "visible" | "hidden" | "inherit" | "initial" | "unset" | null
  /** The width CSS attribute. */
  width: string | null
}
export interface Layout extends LayoutState {}
export class Layout extends Widget<LayoutState> {}
define('Layout', Layout, {"model":{"module":"@jupyter-widgets/base","name":"LayoutModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"LayoutView","version":"2.0.0"},"six":"LayoutModel","defaults":{"align_content":null,"align_items":null,"align_self":null,"border_bottom":null,"border_left":null,"border_right":null,"border_top":null,"bottom":null,"display":null,"flex":null,"flex_flow":null,"grid_area":null,"grid_auto_columns":null,"grid_auto_flow":null,"grid_auto_rows":null,"grid_column":null,"grid_gap":null,"grid_row":null,"grid_template_areas":null,"grid_template_columns":null,"grid_template_rows":null,"height":null,"justify_content":null,"justify_items":null,"left":null,"margin":null,"max_height":null,"max_width":null,"min_height":null,"min_width":null,"object_fit":null,"object_position":null,"order":null,"overflow":null,"padding":null,"right":null,"top":null,"visibility":null,"width":null},"references":{}})

export interface AccordionState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the box. */
  box_style: "success" | "info" | "warning" | "danger" | ""
  /** List of widget children */
  children: readonly (Widget)[]
  layout: Layout
  /** The index of the selected page. This is either an integer selecting a particular sub-widget, or None to have no widgets selected. */
  selected_index: number | null
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** Titles of the pages */
  titles: readonly (string)[]
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Accordion extends AccordionState {}
export class Accordion extends Widget<AccordionState> {}
define('Accordion', Accordion, {"model":{"module":"@jupyter-widgets/controls","name":"AccordionModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"AccordionView","version":"2.0.0"},"six":"AccordionModel","defaults":{"_dom_classes":[],"box_style":"","children":[],"selected_index":null,"tabbable":null,"titles":[],"tooltip":null},"references":{"layout":"Layout"}})

export interface AudioState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** When true, the audio starts when it's displayed */
  autoplay: boolean
  /** Specifies that audio controls should be displayed (such as a play/pause button etc) */
  controls: boolean
  /** The format of the audio. */
  format: string
  layout: Layout
  /** When true, the audio will start from the beginning after finishing */
  loop: boolean
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** The media data as a memory view of bytes. */
  value: Uint8Array | null
}
export interface Audio extends AudioState {}
export class Audio extends Widget<AudioState> {}
define('Audio', Audio, {"model":{"module":"@jupyter-widgets/controls","name":"AudioModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"AudioView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"autoplay":true,"controls":true,"format":"mp3","loop":true,"tabbable":null,"tooltip":null,"value":null},"references":{"layout":"Layout"}})

export interface BoundedFloatTextState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Update the value as the user types. If False, update on submission, e.g., pressing Enter or navigating away. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Minimum step to increment the value */
  step: number | null
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Float value */
  value: number
}
export interface BoundedFloatText extends BoundedFloatTextState {}
export class BoundedFloatText extends Widget<BoundedFloatTextState> {}
define('BoundedFloatText', BoundedFloatText, {"model":{"module":"@jupyter-widgets/controls","name":"BoundedFloatTextModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"FloatTextView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"continuous_update":false,"description":"","description_allow_html":false,"disabled":false,"max":100,"min":0,"step":null,"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface BoundedIntTextState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Update the value as the user types. If False, update on submission, e.g., pressing Enter or navigating away. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Minimum step to increment the value */
  step: number
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Int value */
  value: number
}
export interface BoundedIntText extends BoundedIntTextState {}
export class BoundedIntText extends Widget<BoundedIntTextState> {}
define('BoundedIntText', BoundedIntText, {"model":{"module":"@jupyter-widgets/controls","name":"BoundedIntTextModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"IntTextView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"continuous_update":false,"description":"","description_allow_html":false,"disabled":false,"max":100,"min":0,"step":1,"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface BoxState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the box. */
  box_style: "success" | "info" | "warning" | "danger" | ""
  /** List of widget children */
  children: readonly (Widget)[]
  layout: Layout
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Box extends BoxState {}
export class Box extends Widget<BoxState> {}
define('Box', Box, {"model":{"module":"@jupyter-widgets/controls","name":"BoxModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"BoxView","version":"2.0.0"},"six":"BoxModel","defaults":{"_dom_classes":[],"box_style":"","children":[],"tabbable":null,"tooltip":null},"references":{"layout":"Layout"}})

export interface ButtonState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the button. */
  button_style: "primary" | "success" | "info" | "warning" | "danger" | ""
  /** Button label. */
  description: string
  /** Enable or disable user changes. */
  disabled: boolean
  /** Font-awesome icon names, without the 'fa-' prefix. */
  icon: string
  layout: Layout
  style: ButtonStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Button extends ButtonState {}
export class Button extends Widget<ButtonState> {}
define('Button', Button, {"model":{"module":"@jupyter-widgets/controls","name":"ButtonModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ButtonView","version":"2.0.0"},"six":"ButtonModel","defaults":{"_dom_classes":[],"button_style":"","description":"","disabled":false,"icon":"","tabbable":null,"tooltip":null},"references":{"layout":"Layout","style":"ButtonStyle"}})

export interface ButtonStyleState {
  /** Color of the button */
  button_color: string | null
  /** Button text font family. */
  font_family: string | null
  /** Button text font size. */
  font_size: string | null
  /** Button text font style. */
  font_style: string | null
  /** Button text font variant. */
  font_variant: string | null
  /** Button text font weight. */
  font_weight: string | null
  /** Button text color. */
  text_color: string | null
  /** Button text decoration. */
  text_decoration: string | null
}
export interface ButtonStyle extends ButtonStyleState {}
export class ButtonStyle extends Widget<ButtonStyleState> {}
define('ButtonStyle', ButtonStyle, {"model":{"module":"@jupyter-widgets/controls","name":"ButtonStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":"ButtonStyleModel","defaults":{"button_color":null,"font_family":null,"font_size":null,"font_style":null,"font_variant":null,"font_weight":null,"text_color":null,"text_decoration":null},"references":{}})

export interface CheckboxState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes. */
  disabled: boolean
  /** Indent the control to align with other controls with a description. */
  indent: boolean
  layout: Layout
  /** Styling customizations */
  style: CheckboxStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Bool value */
  value: boolean
}
export interface Checkbox extends CheckboxState {}
export class Checkbox extends Widget<CheckboxState> {}
define('Checkbox', Checkbox, {"model":{"module":"@jupyter-widgets/controls","name":"CheckboxModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"CheckboxView","version":"2.0.0"},"six":"CheckboxModel","defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"disabled":false,"indent":true,"tabbable":null,"tooltip":null,"value":false},"references":{"layout":"Layout","style":"CheckboxStyle"}})

export interface CheckboxStyleState {
  /** Background specifications. */
  background: string | null
  /** Width of the description to the side of the control. */
  description_width: string
}
export interface CheckboxStyle extends CheckboxStyleState {}
export class CheckboxStyle extends Widget<CheckboxStyleState> {}
define('CheckboxStyle', CheckboxStyle, {"model":{"module":"@jupyter-widgets/controls","name":"CheckboxStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":null,"defaults":{"background":null,"description_width":""},"references":{}})

export interface ColorPickerState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Display short version with just a color selector. */
  concise: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes. */
  disabled: boolean
  layout: Layout
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** The color value. */
  value: string
}
export interface ColorPicker extends ColorPickerState {}
export class ColorPicker extends Widget<ColorPickerState> {}
define('ColorPicker', ColorPicker, {"model":{"module":"@jupyter-widgets/controls","name":"ColorPickerModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ColorPickerView","version":"2.0.0"},"six":"ColorPickerModel","defaults":{"_dom_classes":[],"concise":false,"description":"","description_allow_html":false,"disabled":false,"tabbable":null,"tooltip":null,"value":"black"},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface ColorsInputState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  allow_duplicates: boolean
  allowed_tags: readonly (unknown)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  layout: Layout
  placeholder: string
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** List of string tags */
  value: readonly (unknown)[]
}
export interface ColorsInput extends ColorsInputState {}
export class ColorsInput extends Widget<ColorsInputState> {}
define('ColorsInput', ColorsInput, {"model":{"module":"@jupyter-widgets/controls","name":"ColorsInputModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ColorsInputView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"allow_duplicates":true,"allowed_tags":[],"description":"","description_allow_html":false,"placeholder":"​","tabbable":null,"tooltip":null,"value":[]},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface ComboboxState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Update the value as the user types. If False, update on submission, e.g., pressing Enter or navigating away. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** If set, ensure value is in options. Implies continuous_update=False. */
  ensure_option: boolean
  layout: Layout
  /** Dropdown options for the combobox */
  options: readonly (string)[]
  /** Placeholder text to display when nothing has been typed */
  placeholder: string
  style: TextStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** String value */
  value: string
}
export interface Combobox extends ComboboxState {}
export class Combobox extends Widget<ComboboxState> {}
define('Combobox', Combobox, {"model":{"module":"@jupyter-widgets/controls","name":"ComboboxModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ComboboxView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"ensure_option":false,"options":[],"placeholder":"​","tabbable":null,"tooltip":null,"value":""},"references":{"layout":"Layout","style":"TextStyle"}})

export interface ControllerAxisState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  layout: Layout
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** The value of the axis. */
  value: number
}
export interface ControllerAxis extends ControllerAxisState {}
export class ControllerAxis extends Widget<ControllerAxisState> {}
define('ControllerAxis', ControllerAxis, {"model":{"module":"@jupyter-widgets/controls","name":"ControllerAxisModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ControllerAxisView","version":"2.0.0"},"six":"ControllerAxisModel","defaults":{"_dom_classes":[],"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout"}})

export interface ControllerButtonState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  layout: Layout
  /** Whether the button is pressed. */
  pressed: boolean
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** The value of the button. */
  value: number
}
export interface ControllerButton extends ControllerButtonState {}
export class ControllerButton extends Widget<ControllerButtonState> {}
define('ControllerButton', ControllerButton, {"model":{"module":"@jupyter-widgets/controls","name":"ControllerButtonModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ControllerButtonView","version":"2.0.0"},"six":"ControllerButtonModel","defaults":{"_dom_classes":[],"pressed":false,"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout"}})

export interface ControllerState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The axes on the gamepad. */
  axes: readonly (Widget)[]
  /** The buttons on the gamepad. */
  buttons: readonly (Button)[]
  /** Whether the gamepad is connected. */
  connected: boolean
  /** The id number of the controller. */
  index: number
  layout: Layout
  /** The name of the control mapping. */
  mapping: string
  /** The name of the controller. */
  name: string
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** The last time the data from this gamepad was updated. */
  timestamp: number
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Controller extends ControllerState {}
export class Controller extends Widget<ControllerState> {}
define('Controller', Controller, {"model":{"module":"@jupyter-widgets/controls","name":"ControllerModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ControllerView","version":"2.0.0"},"six":"ControllerModel","defaults":{"_dom_classes":[],"axes":[],"buttons":[],"connected":false,"index":0,"mapping":"","name":"","tabbable":null,"timestamp":0,"tooltip":null},"references":{"layout":"Layout"}})

export interface DOMWidgetState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  layout: Layout
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** The media data as a memory view of bytes. */
  value: Uint8Array | null
}
export interface DOMWidget extends DOMWidgetState {}
export class DOMWidget extends Widget<DOMWidgetState> {}
define('DOMWidget', DOMWidget, {"model":{"module":"@jupyter-widgets/controls","name":"DOMWidgetModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":null,"version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"tabbable":null,"tooltip":null,"value":null},"references":{"layout":"Layout"}})

export interface DatePickerState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes. */
  disabled: boolean
  layout: Layout
  max: unknown | null
  min: unknown | null
  /** The date step to use for the picker, in days, or "any". */
  step: number | string
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  value: unknown | null
}
export interface DatePicker extends DatePickerState {}
export class DatePicker extends Widget<DatePickerState> {}
define('DatePicker', DatePicker, {"model":{"module":"@jupyter-widgets/controls","name":"DatePickerModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"DatePickerView","version":"2.0.0"},"six":"DatePickerModel","defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"disabled":false,"max":null,"min":null,"step":1,"tabbable":null,"tooltip":null,"value":null},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface DatetimeState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes. */
  disabled: boolean
  layout: Layout
  max: unknown | null
  min: unknown | null
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  value: unknown | null
}
export interface Datetime extends DatetimeState {}
export class Datetime extends Widget<DatetimeState> {}
define('Datetime', Datetime, {"model":{"module":"@jupyter-widgets/controls","name":"DatetimeModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"DatetimeView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"disabled":false,"max":null,"min":null,"tabbable":null,"tooltip":null,"value":null},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface DescriptionStyleState {
  /** Width of the description to the side of the control. */
  description_width: string
}
export interface DescriptionStyle extends DescriptionStyleState {}
export class DescriptionStyle extends Widget<DescriptionStyleState> {}
define('DescriptionStyle', DescriptionStyle, {"model":{"module":"@jupyter-widgets/controls","name":"DescriptionStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":null,"defaults":{"description_width":""},"references":{}})

export interface DirectionalLinkState {
  /** The source (widget, 'trait_name') pair */
  source: readonly (unknown)[]
  /** The target (widget, 'trait_name') pair */
  target: readonly (unknown)[]
}
export interface DirectionalLink extends DirectionalLinkState {}
export class DirectionalLink extends Widget<DirectionalLinkState> {}
define('DirectionalLink', DirectionalLink, {"model":{"module":"@jupyter-widgets/controls","name":"DirectionalLinkModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":null,"version":"2.0.0"},"six":"DirectionalLinkModel","defaults":{"source":[],"target":[]},"references":{}})

export interface DropdownState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The labels for the options. */
  options: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** Selected index */
  index: number | null
  layout: Layout
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Dropdown extends DropdownState {}
export class Dropdown extends Widget<DropdownState> {}
define('Dropdown', Dropdown, {"model":{"module":"@jupyter-widgets/controls","name":"DropdownModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"DropdownView","version":"2.0.0"},"six":"DropdownModel","defaults":{"_dom_classes":[],"_options_labels":[],"description":"","description_allow_html":false,"disabled":false,"index":null,"tabbable":null,"tooltip":null},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface FileUploadState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** File types to accept, empty string for all */
  accept: string
  /** Use a predefined styling for the button. */
  button_style: "primary" | "success" | "info" | "warning" | "danger" | ""
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable button */
  disabled: boolean
  /** Error message */
  error: string
  /** Font-awesome icon name, without the 'fa-' prefix. */
  icon: string
  layout: Layout
  /** If True, allow for multiple files upload */
  multiple: boolean
  style: ButtonStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** The file upload value */
  value: readonly (unknown)[]
}
export interface FileUpload extends FileUploadState {}
export class FileUpload extends Widget<FileUploadState> {}
define('FileUpload', FileUpload, {"model":{"module":"@jupyter-widgets/controls","name":"FileUploadModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"FileUploadView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"accept":"","button_style":"","description":"","description_allow_html":false,"disabled":false,"error":"","icon":"upload","multiple":false,"tabbable":null,"tooltip":null,"value":[]},"references":{"layout":"Layout","style":"ButtonStyle"}})

export interface FloatLogSliderState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Base for the logarithm */
  base: number
  /** Slider dragging behavior. */
  behavior: "drag-tap" | "drag-snap" | "tap" | "drag" | "snap"
  /** Update the value of the widget as the user is holding the slider. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Max value for the exponent */
  max: number
  /** Min value for the exponent */
  min: number
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  /** Display the current value of the slider next to it. */
  readout: boolean
  /** Format for the readout */
  readout_format: string
  /** Minimum step in the exponent to increment the value */
  step: number | null
  style: SliderStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Float value */
  value: number
}
export interface FloatLogSlider extends FloatLogSliderState {}
export class FloatLogSlider extends Widget<FloatLogSliderState> {}
define('FloatLogSlider', FloatLogSlider, {"model":{"module":"@jupyter-widgets/controls","name":"FloatLogSliderModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"FloatLogSliderView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"base":10,"behavior":"drag-tap","continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"max":4,"min":0,"orientation":"horizontal","readout":true,"readout_format":".3g","step":0.1,"tabbable":null,"tooltip":null,"value":1},"references":{"layout":"Layout","style":"SliderStyle"}})

export interface FloatProgressState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the progress bar. */
  bar_style: "success" | "info" | "warning" | "danger" | "" | null
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  style: ProgressStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Float value */
  value: number
}
export interface FloatProgress extends FloatProgressState {}
export class FloatProgress extends Widget<FloatProgressState> {}
define('FloatProgress', FloatProgress, {"model":{"module":"@jupyter-widgets/controls","name":"FloatProgressModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ProgressView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"bar_style":"","description":"","description_allow_html":false,"max":100,"min":0,"orientation":"horizontal","tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"ProgressStyle"}})

export interface FloatRangeSliderState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Slider dragging behavior. */
  behavior: "drag-tap" | "drag-snap" | "tap" | "drag" | "snap"
  /** Update the value of the widget as the user is sliding the slider. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  /** Display the current value of the slider next to it. */
  readout: boolean
  /** Format for the readout */
  readout_format: string
  /** Minimum step to increment the value */
  step: number | null
  style: SliderStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Tuple of (lower, upper) bounds */
  value: readonly (unknown)[]
}
export interface FloatRangeSlider extends FloatRangeSliderState {}
export class FloatRangeSlider extends Widget<FloatRangeSliderState> {}
define('FloatRangeSlider', FloatRangeSlider, {"model":{"module":"@jupyter-widgets/controls","name":"FloatRangeSliderModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"FloatRangeSliderView","version":"2.0.0"},"six":"FloatSliderModel","defaults":{"_dom_classes":[],"behavior":"drag-tap","continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"max":100,"min":0,"orientation":"horizontal","readout":true,"readout_format":".2f","step":0.1,"tabbable":null,"tooltip":null,"value":[0,1]},"references":{"layout":"Layout","style":"SliderStyle"}})

export interface FloatSliderState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Slider dragging behavior. */
  behavior: "drag-tap" | "drag-snap" | "tap" | "drag" | "snap"
  /** Update the value of the widget as the user is holding the slider. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  /** Display the current value of the slider next to it. */
  readout: boolean
  /** Format for the readout */
  readout_format: string
  /** Minimum step to increment the value */
  step: number | null
  style: SliderStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Float value */
  value: number
}
export interface FloatSlider extends FloatSliderState {}
export class FloatSlider extends Widget<FloatSliderState> {}
define('FloatSlider', FloatSlider, {"model":{"module":"@jupyter-widgets/controls","name":"FloatSliderModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"FloatSliderView","version":"2.0.0"},"six":"FloatSliderModel","defaults":{"_dom_classes":[],"behavior":"drag-tap","continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"max":100,"min":0,"orientation":"horizontal","readout":true,"readout_format":".2f","step":0.1,"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"SliderStyle"}})

export interface FloatTextState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Update the value as the user types. If False, update on submission, e.g., pressing Enter or navigating away. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Minimum step to increment the value */
  step: number | null
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Float value */
  value: number
}
export interface FloatText extends FloatTextState {}
export class FloatText extends Widget<FloatTextState> {}
define('FloatText', FloatText, {"model":{"module":"@jupyter-widgets/controls","name":"FloatTextModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"FloatTextView","version":"2.0.0"},"six":"FloatTextModel","defaults":{"_dom_classes":[],"continuous_update":false,"description":"","description_allow_html":false,"disabled":false,"step":null,"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface FloatsInputState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  allow_duplicates: boolean
  allowed_tags: readonly (unknown)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  format: string
  layout: Layout
  max: number | null
  min: number | null
  placeholder: string
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** Use a predefined styling for the tags. */
  tag_style: "primary" | "success" | "info" | "warning" | "danger" | ""
  /** A tooltip caption. */
  tooltip: string | null
  /** List of float tags */
  value: readonly (unknown)[]
}
export interface FloatsInput extends FloatsInputState {}
export class FloatsInput extends Widget<FloatsInputState> {}
define('FloatsInput', FloatsInput, {"model":{"module":"@jupyter-widgets/controls","name":"FloatsInputModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"FloatsInputView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"allow_duplicates":true,"allowed_tags":[],"description":"","description_allow_html":false,"format":".1f","max":null,"min":null,"placeholder":"​","tabbable":null,"tag_style":"","tooltip":null,"value":[]},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface GridBoxState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the box. */
  box_style: "success" | "info" | "warning" | "danger" | ""
  /** List of widget children */
  children: readonly (Widget)[]
  layout: Layout
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface GridBox extends GridBoxState {}
export class GridBox extends Widget<GridBoxState> {}
define('GridBox', GridBox, {"model":{"module":"@jupyter-widgets/controls","name":"GridBoxModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"GridBoxView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"box_style":"","children":[],"tabbable":null,"tooltip":null},"references":{"layout":"Layout"}})

export interface HBoxState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the box. */
  box_style: "success" | "info" | "warning" | "danger" | ""
  /** List of widget children */
  children: readonly (Widget)[]
  layout: Layout
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface HBox extends HBoxState {}
export class HBox extends Widget<HBoxState> {}
define('HBox', HBox, {"model":{"module":"@jupyter-widgets/controls","name":"HBoxModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"HBoxView","version":"2.0.0"},"six":"HBoxModel","defaults":{"_dom_classes":[],"box_style":"","children":[],"tabbable":null,"tooltip":null},"references":{"layout":"Layout"}})

export interface HTMLMathState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  layout: Layout
  /** Placeholder text to display when nothing has been typed */
  placeholder: string
  style: HTMLMathStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** String value */
  value: string
}
export interface HTMLMath extends HTMLMathState {}
export class HTMLMath extends Widget<HTMLMathState> {}
define('HTMLMath', HTMLMath, {"model":{"module":"@jupyter-widgets/controls","name":"HTMLMathModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"HTMLMathView","version":"2.0.0"},"six":"HTMLMathModel","defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"placeholder":"​","tabbable":null,"tooltip":null,"value":""},"references":{"layout":"Layout","style":"HTMLMathStyle"}})

export interface HTMLMathStyleState {
  /** Background specifications. */
  background: string | null
  /** Width of the description to the side of the control. */
  description_width: string
  /** Text font size. */
  font_size: string | null
  /** Text color */
  text_color: string | null
}
export interface HTMLMathStyle extends HTMLMathStyleState {}
export class HTMLMathStyle extends Widget<HTMLMathStyleState> {}
define('HTMLMathStyle', HTMLMathStyle, {"model":{"module":"@jupyter-widgets/controls","name":"HTMLMathStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":null,"defaults":{"background":null,"description_width":"","font_size":null,"text_color":null},"references":{}})

export interface HTMLState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  layout: Layout
  /** Placeholder text to display when nothing has been typed */
  placeholder: string
  style: HTMLStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** String value */
  value: string
}
export interface HTML extends HTMLState {}
export class HTML extends Widget<HTMLState> {}
define('HTML', HTML, {"model":{"module":"@jupyter-widgets/controls","name":"HTMLModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"HTMLView","version":"2.0.0"},"six":"HTMLModel","defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"placeholder":"​","tabbable":null,"tooltip":null,"value":""},"references":{"layout":"Layout","style":"HTMLStyle"}})

export interface HTMLStyleState {
  /** Background specifications. */
  background: string | null
  /** Width of the description to the side of the control. */
  description_width: string
  /** Text font size. */
  font_size: string | null
  /** Text color */
  text_color: string | null
}
export interface HTMLStyle extends HTMLStyleState {}
export class HTMLStyle extends Widget<HTMLStyleState> {}
define('HTMLStyle', HTMLStyle, {"model":{"module":"@jupyter-widgets/controls","name":"HTMLStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":null,"defaults":{"background":null,"description_width":"","font_size":null,"text_color":null},"references":{}})

export interface ImageState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The format of the image. */
  format: string
  /** Height of the image in pixels. Use layout.height for styling the widget. */
  height: string
  layout: Layout
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** The media data as a memory view of bytes. */
  value: Uint8Array | null
  /** Width of the image in pixels. Use layout.width for styling the widget. */
  width: string
}
export interface Image extends ImageState {}
export class Image extends Widget<ImageState> {}
define('Image', Image, {"model":{"module":"@jupyter-widgets/controls","name":"ImageModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ImageView","version":"2.0.0"},"six":"ImageModel","defaults":{"_dom_classes":[],"format":"png","height":"","tabbable":null,"tooltip":null,"value":null,"width":""},"references":{"layout":"Layout"}})

export interface IntProgressState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the progress bar. */
  bar_style: "success" | "info" | "warning" | "danger" | ""
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  style: ProgressStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Int value */
  value: number
}
export interface IntProgress extends IntProgressState {}
export class IntProgress extends Widget<IntProgressState> {}
define('IntProgress', IntProgress, {"model":{"module":"@jupyter-widgets/controls","name":"IntProgressModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ProgressView","version":"2.0.0"},"six":"ProgressModel","defaults":{"_dom_classes":[],"bar_style":"","description":"","description_allow_html":false,"max":100,"min":0,"orientation":"horizontal","tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"ProgressStyle"}})

export interface IntRangeSliderState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Slider dragging behavior. */
  behavior: "drag-tap" | "drag-snap" | "tap" | "drag" | "snap"
  /** Update the value of the widget as the user is sliding the slider. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  /** Display the current value of the slider next to it. */
  readout: boolean
  /** Format for the readout */
  readout_format: string
  /** Minimum step that the value can take */
  step: number
  /** Slider style customizations. */
  style: SliderStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Tuple of (lower, upper) bounds */
  value: readonly (unknown)[]
}
export interface IntRangeSlider extends IntRangeSliderState {}
export class IntRangeSlider extends Widget<IntRangeSliderState> {}
define('IntRangeSlider', IntRangeSlider, {"model":{"module":"@jupyter-widgets/controls","name":"IntRangeSliderModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"IntRangeSliderView","version":"2.0.0"},"six":"IntSliderModel","defaults":{"_dom_classes":[],"behavior":"drag-tap","continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"max":100,"min":0,"orientation":"horizontal","readout":true,"readout_format":"d","step":1,"tabbable":null,"tooltip":null,"value":[0,1]},"references":{"layout":"Layout","style":"SliderStyle"}})

export interface IntSliderState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Slider dragging behavior. */
  behavior: "drag-tap" | "drag-snap" | "tap" | "drag" | "snap"
  /** Update the value of the widget as the user is holding the slider. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  /** Display the current value of the slider next to it. */
  readout: boolean
  /** Format for the readout */
  readout_format: string
  /** Minimum step to increment the value */
  step: number
  style: SliderStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Int value */
  value: number
}
export interface IntSlider extends IntSliderState {}
export class IntSlider extends Widget<IntSliderState> {}
define('IntSlider', IntSlider, {"model":{"module":"@jupyter-widgets/controls","name":"IntSliderModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"IntSliderView","version":"2.0.0"},"six":"IntSliderModel","defaults":{"_dom_classes":[],"behavior":"drag-tap","continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"max":100,"min":0,"orientation":"horizontal","readout":true,"readout_format":"d","step":1,"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"SliderStyle"}})

export interface IntTextState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Update the value as the user types. If False, update on submission, e.g., pressing Enter or navigating away. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Minimum step to increment the value */
  step: number
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Int value */
  value: number
}
export interface IntText extends IntTextState {}
export class IntText extends Widget<IntTextState> {}
define('IntText', IntText, {"model":{"module":"@jupyter-widgets/controls","name":"IntTextModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"IntTextView","version":"2.0.0"},"six":"IntTextModel","defaults":{"_dom_classes":[],"continuous_update":false,"description":"","description_allow_html":false,"disabled":false,"step":1,"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface IntsInputState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  allow_duplicates: boolean
  allowed_tags: readonly (unknown)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  format: string
  layout: Layout
  max: number | null
  min: number | null
  placeholder: string
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** Use a predefined styling for the tags. */
  tag_style: "primary" | "success" | "info" | "warning" | "danger" | ""
  /** A tooltip caption. */
  tooltip: string | null
  /** List of int tags */
  value: readonly (unknown)[]
}
export interface IntsInput extends IntsInputState {}
export class IntsInput extends Widget<IntsInputState> {}
define('IntsInput', IntsInput, {"model":{"module":"@jupyter-widgets/controls","name":"IntsInputModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"IntsInputView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"allow_duplicates":true,"allowed_tags":[],"description":"","description_allow_html":false,"format":"d","max":null,"min":null,"placeholder":"​","tabbable":null,"tag_style":"","tooltip":null,"value":[]},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface LabelState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  layout: Layout
  /** Placeholder text to display when nothing has been typed */
  placeholder: string
  style: LabelStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** String value */
  value: string
}
export interface Label extends LabelState {}
export class Label extends Widget<LabelState> {}
define('Label', Label, {"model":{"module":"@jupyter-widgets/controls","name":"LabelModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"LabelView","version":"2.0.0"},"six":"LabelModel","defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"placeholder":"​","tabbable":null,"tooltip":null,"value":""},"references":{"layout":"Layout","style":"LabelStyle"}})

export interface LabelStyleState {
  /** Background specifications. */
  background: string | null
  /** Width of the description to the side of the control. */
  description_width: string
  /** Label text font family. */
  font_family: string | null
  /** Text font size. */
  font_size: string | null
  /** Label text font style. */
  font_style: string | null
  /** Label text font variant. */
  font_variant: string | null
  /** Label text font weight. */
  font_weight: string | null
  /** Text color */
  text_color: string | null
  /** Label text decoration. */
  text_decoration: string | null
}
export interface LabelStyle extends LabelStyleState {}
export class LabelStyle extends Widget<LabelStyleState> {}
define('LabelStyle', LabelStyle, {"model":{"module":"@jupyter-widgets/controls","name":"LabelStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":null,"defaults":{"background":null,"description_width":"","font_family":null,"font_size":null,"font_style":null,"font_variant":null,"font_weight":null,"text_color":null,"text_decoration":null},"references":{}})

export interface LinkState {
  /** The source (widget, 'trait_name') pair */
  source: readonly (unknown)[]
  /** The target (widget, 'trait_name') pair */
  target: readonly (unknown)[]
}
export interface Link extends LinkState {}
export class Link extends Widget<LinkState> {}
define('Link', Link, {"model":{"module":"@jupyter-widgets/controls","name":"LinkModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":null,"version":"2.0.0"},"six":"LinkModel","defaults":{"source":[],"target":[]},"references":{}})

export interface NaiveDatetimeState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes. */
  disabled: boolean
  layout: Layout
  max: unknown | null
  min: unknown | null
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  value: unknown | null
}
export interface NaiveDatetime extends NaiveDatetimeState {}
export class NaiveDatetime extends Widget<NaiveDatetimeState> {}
define('NaiveDatetime', NaiveDatetime, {"model":{"module":"@jupyter-widgets/controls","name":"NaiveDatetimeModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"DatetimeView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"disabled":false,"max":null,"min":null,"tabbable":null,"tooltip":null,"value":null},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface PasswordState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Update the value as the user types. If False, update on submission, e.g., pressing Enter or navigating away. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Placeholder text to display when nothing has been typed */
  placeholder: string
  style: TextStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** String value */
  value: string
}
export interface Password extends PasswordState {}
export class Password extends Widget<PasswordState> {}
define('Password', Password, {"model":{"module":"@jupyter-widgets/controls","name":"PasswordModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"PasswordView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"placeholder":"​","tabbable":null,"tooltip":null,"value":""},"references":{"layout":"Layout","style":"TextStyle"}})

export interface PlayState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** The time between two animation steps (ms). */
  interval: number
  layout: Layout
  /** Max value */
  max: number
  /** Min value */
  min: number
  /** Whether the control is currently playing. */
  playing: boolean
  /** Whether the control will repeat in a continuous loop. */
  repeat: boolean
  /** Show the repeat toggle button in the widget. */
  show_repeat: boolean
  /** Increment step */
  step: number
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Int value */
  value: number
}
export interface Play extends PlayState {}
export class Play extends Widget<PlayState> {}
define('Play', Play, {"model":{"module":"@jupyter-widgets/controls","name":"PlayModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"PlayView","version":"2.0.0"},"six":"PlayModel","defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"disabled":false,"interval":100,"max":100,"min":0,"playing":false,"repeat":false,"show_repeat":true,"step":1,"tabbable":null,"tooltip":null,"value":0},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface ProgressStyleState {
  /** Color of the progress bar. */
  bar_color: string | null
  /** Width of the description to the side of the control. */
  description_width: string
}
export interface ProgressStyle extends ProgressStyleState {}
export class ProgressStyle extends Widget<ProgressStyleState> {}
define('ProgressStyle', ProgressStyle, {"model":{"module":"@jupyter-widgets/controls","name":"ProgressStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":"ProgressStyleModel","defaults":{"bar_color":null,"description_width":""},"references":{}})

export interface RadioButtonsState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The labels for the options. */
  options: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** Selected index */
  index: number | null
  layout: Layout
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface RadioButtons extends RadioButtonsState {}
export class RadioButtons extends Widget<RadioButtonsState> {}
define('RadioButtons', RadioButtons, {"model":{"module":"@jupyter-widgets/controls","name":"RadioButtonsModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"RadioButtonsView","version":"2.0.0"},"six":"RadioButtonsModel","defaults":{"_dom_classes":[],"_options_labels":[],"description":"","description_allow_html":false,"disabled":false,"index":null,"orientation":"vertical","tabbable":null,"tooltip":null},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface SelectState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The labels for the options. */
  options: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** Selected index */
  index: number | null
  layout: Layout
  /** The number of rows to display. */
  rows: number
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Select extends SelectState {}
export class Select extends Widget<SelectState> {}
define('Select', Select, {"model":{"module":"@jupyter-widgets/controls","name":"SelectModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"SelectView","version":"2.0.0"},"six":"SelectModel","defaults":{"_dom_classes":[],"_options_labels":[],"description":"","description_allow_html":false,"disabled":false,"index":null,"rows":5,"tabbable":null,"tooltip":null},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface SelectMultipleState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The labels for the options. */
  options: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** Selected indices */
  index: readonly (number)[]
  layout: Layout
  /** The number of rows to display. */
  rows: number
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface SelectMultiple extends SelectMultipleState {}
export class SelectMultiple extends Widget<SelectMultipleState> {}
define('SelectMultiple', SelectMultiple, {"model":{"module":"@jupyter-widgets/controls","name":"SelectMultipleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"SelectMultipleView","version":"2.0.0"},"six":"SelectMultipleModel","defaults":{"_dom_classes":[],"_options_labels":[],"description":"","description_allow_html":false,"disabled":false,"index":[],"rows":5,"tabbable":null,"tooltip":null},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface SelectionRangeSliderState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The labels for the options. */
  options: readonly (string)[]
  /** Slider dragging behavior. */
  behavior: "drag-tap" | "drag-snap" | "tap" | "drag" | "snap"
  /** Update the value of the widget as the user is holding the slider. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** Min and max selected indices */
  index: readonly (unknown)[]
  layout: Layout
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  /** Display the current selected label next to the slider */
  readout: boolean
  style: SliderStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface SelectionRangeSlider extends SelectionRangeSliderState {}
export class SelectionRangeSlider extends Widget<SelectionRangeSliderState> {}
define('SelectionRangeSlider', SelectionRangeSlider, {"model":{"module":"@jupyter-widgets/controls","name":"SelectionRangeSliderModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"SelectionRangeSliderView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"_options_labels":[],"behavior":"drag-tap","continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"index":[0,0],"orientation":"horizontal","readout":true,"tabbable":null,"tooltip":null},"references":{"layout":"Layout","style":"SliderStyle"}})

export interface SelectionSliderState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The labels for the options. */
  options: readonly (string)[]
  /** Slider dragging behavior. */
  behavior: "drag-tap" | "drag-snap" | "tap" | "drag" | "snap"
  /** Update the value of the widget as the user is holding the slider. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** Selected index */
  index: number
  layout: Layout
  /** Vertical or horizontal. */
  orientation: "horizontal" | "vertical"
  /** Display the current selected label next to the slider */
  readout: boolean
  style: SliderStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface SelectionSlider extends SelectionSliderState {}
export class SelectionSlider extends Widget<SelectionSliderState> {}
define('SelectionSlider', SelectionSlider, {"model":{"module":"@jupyter-widgets/controls","name":"SelectionSliderModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"SelectionSliderView","version":"2.0.0"},"six":"SelectionSliderModel","defaults":{"_dom_classes":[],"_options_labels":[],"behavior":"drag-tap","continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"index":0,"orientation":"horizontal","readout":true,"tabbable":null,"tooltip":null},"references":{"layout":"Layout","style":"SliderStyle"}})

export interface SliderStyleState {
  /** Width of the description to the side of the control. */
  description_width: string
  /** Color of the slider handle. */
  handle_color: string | null
}
export interface SliderStyle extends SliderStyleState {}
export class SliderStyle extends Widget<SliderStyleState> {}
define('SliderStyle', SliderStyle, {"model":{"module":"@jupyter-widgets/controls","name":"SliderStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":"SliderStyleModel","defaults":{"description_width":"","handle_color":null},"references":{}})

export interface StackState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the box. */
  box_style: "success" | "info" | "warning" | "danger" | ""
  /** List of widget children */
  children: readonly (Widget)[]
  layout: Layout
  /** The index of the selected page. This is either an integer selecting a particular sub-widget, or None to have no widgets selected. */
  selected_index: number | null
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** Titles of the pages */
  titles: readonly (string)[]
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Stack extends StackState {}
export class Stack extends Widget<StackState> {}
define('Stack', Stack, {"model":{"module":"@jupyter-widgets/controls","name":"StackModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"StackView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"box_style":"","children":[],"selected_index":null,"tabbable":null,"titles":[],"tooltip":null},"references":{"layout":"Layout"}})

export interface TabState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the box. */
  box_style: "success" | "info" | "warning" | "danger" | ""
  /** List of widget children */
  children: readonly (Widget)[]
  layout: Layout
  /** The index of the selected page. This is either an integer selecting a particular sub-widget, or None to have no widgets selected. */
  selected_index: number | null
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** Titles of the pages */
  titles: readonly (string)[]
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Tab extends TabState {}
export class Tab extends Widget<TabState> {}
define('Tab', Tab, {"model":{"module":"@jupyter-widgets/controls","name":"TabModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"TabView","version":"2.0.0"},"six":"TabModel","defaults":{"_dom_classes":[],"box_style":"","children":[],"selected_index":null,"tabbable":null,"titles":[],"tooltip":null},"references":{"layout":"Layout"}})

export interface TagsInputState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  allow_duplicates: boolean
  allowed_tags: readonly (unknown)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  layout: Layout
  placeholder: string
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** Use a predefined styling for the tags. */
  tag_style: "primary" | "success" | "info" | "warning" | "danger" | ""
  /** A tooltip caption. */
  tooltip: string | null
  /** List of string tags */
  value: readonly (unknown)[]
}
export interface TagsInput extends TagsInputState {}
export class TagsInput extends Widget<TagsInputState> {}
define('TagsInput', TagsInput, {"model":{"module":"@jupyter-widgets/controls","name":"TagsInputModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"TagsInputView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"allow_duplicates":true,"allowed_tags":[],"description":"","description_allow_html":false,"placeholder":"​","tabbable":null,"tag_style":"","tooltip":null,"value":[]},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface TextState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Update the value as the user types. If False, update on submission, e.g., pressing Enter or navigating away. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Placeholder text to display when nothing has been typed */
  placeholder: string
  style: TextStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** String value */
  value: string
}
export interface Text extends TextState {}
export class Text extends Widget<TextState> {}
define('Text', Text, {"model":{"module":"@jupyter-widgets/controls","name":"TextModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"TextView","version":"2.0.0"},"six":"TextModel","defaults":{"_dom_classes":[],"continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"placeholder":"​","tabbable":null,"tooltip":null,"value":""},"references":{"layout":"Layout","style":"TextStyle"}})

export interface TextStyleState {
  /** Background specifications. */
  background: string | null
  /** Width of the description to the side of the control. */
  description_width: string
  /** Text font size. */
  font_size: string | null
  /** Text color */
  text_color: string | null
}
export interface TextStyle extends TextStyleState {}
export class TextStyle extends Widget<TextStyleState> {}
define('TextStyle', TextStyle, {"model":{"module":"@jupyter-widgets/controls","name":"TextStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":null,"defaults":{"background":null,"description_width":"","font_size":null,"text_color":null},"references":{}})

export interface TextareaState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Update the value as the user types. If False, update on submission, e.g., pressing Enter or navigating away. */
  continuous_update: boolean
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  layout: Layout
  /** Placeholder text to display when nothing has been typed */
  placeholder: string
  /** The number of rows to display. */
  rows: number | null
  style: TextStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** String value */
  value: string
}
export interface Textarea extends TextareaState {}
export class Textarea extends Widget<TextareaState> {}
define('Textarea', Textarea, {"model":{"module":"@jupyter-widgets/controls","name":"TextareaModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"TextareaView","version":"2.0.0"},"six":"TextareaModel","defaults":{"_dom_classes":[],"continuous_update":true,"description":"","description_allow_html":false,"disabled":false,"placeholder":"​","rows":null,"tabbable":null,"tooltip":null,"value":""},"references":{"layout":"Layout","style":"TextStyle"}})

export interface TimeState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes. */
  disabled: boolean
  layout: Layout
  max: unknown | null
  min: unknown | null
  /** The time step to use for the picker, in seconds, or "any". */
  step: number | string
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  value: unknown | null
}
export interface Time extends TimeState {}
export class Time extends Widget<TimeState> {}
define('Time', Time, {"model":{"module":"@jupyter-widgets/controls","name":"TimeModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"TimeView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"disabled":false,"max":null,"min":null,"step":60,"tabbable":null,"tooltip":null,"value":null},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface ToggleButtonState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the button. */
  button_style: "primary" | "success" | "info" | "warning" | "danger" | ""
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes. */
  disabled: boolean
  /** Font-awesome icon. */
  icon: string
  layout: Layout
  /** Styling customizations */
  style: ToggleButtonStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Bool value */
  value: boolean
}
export interface ToggleButton extends ToggleButtonState {}
export class ToggleButton extends Widget<ToggleButtonState> {}
define('ToggleButton', ToggleButton, {"model":{"module":"@jupyter-widgets/controls","name":"ToggleButtonModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ToggleButtonView","version":"2.0.0"},"six":"ToggleButtonModel","defaults":{"_dom_classes":[],"button_style":"","description":"","description_allow_html":false,"disabled":false,"icon":"","tabbable":null,"tooltip":null,"value":false},"references":{"layout":"Layout","style":"ToggleButtonStyle"}})

export interface ToggleButtonStyleState {
  /** Width of the description to the side of the control. */
  description_width: string
  /** Toggle button text font family. */
  font_family: string | null
  /** Toggle button text font size. */
  font_size: string | null
  /** Toggle button text font style. */
  font_style: string | null
  /** Toggle button text font variant. */
  font_variant: string | null
  /** Toggle button text font weight. */
  font_weight: string | null
  /** Toggle button text color */
  text_color: string | null
  /** Toggle button text decoration. */
  text_decoration: string | null
}
export interface ToggleButtonStyle extends ToggleButtonStyleState {}
export class ToggleButtonStyle extends Widget<ToggleButtonStyleState> {}
define('ToggleButtonStyle', ToggleButtonStyle, {"model":{"module":"@jupyter-widgets/controls","name":"ToggleButtonStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":null,"defaults":{"description_width":"","font_family":null,"font_size":null,"font_style":null,"font_variant":null,"font_weight":null,"text_color":null,"text_decoration":null},"references":{}})

export interface ToggleButtonsState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** The labels for the options. */
  options: readonly (string)[]
  /** Use a predefined styling for the buttons. */
  button_style: "primary" | "success" | "info" | "warning" | "danger" | "" | null
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes */
  disabled: boolean
  /** Icons names for each button (FontAwesome names without the fa- prefix). */
  icons: readonly (string)[]
  /** Selected index */
  index: number | null
  layout: Layout
  style: ToggleButtonsStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Tooltips for each button. */
  tooltips: readonly (string)[]
}
export interface ToggleButtons extends ToggleButtonsState {}
export class ToggleButtons extends Widget<ToggleButtonsState> {}
define('ToggleButtons', ToggleButtons, {"model":{"module":"@jupyter-widgets/controls","name":"ToggleButtonsModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ToggleButtonsView","version":"2.0.0"},"six":"ToggleButtonsModel","defaults":{"_dom_classes":[],"_options_labels":[],"button_style":"","description":"","description_allow_html":false,"disabled":false,"icons":[],"index":null,"tabbable":null,"tooltip":null,"tooltips":[]},"references":{"layout":"Layout","style":"ToggleButtonsStyle"}})

export interface ToggleButtonsStyleState {
  /** The width of each button. */
  button_width: string
  /** Width of the description to the side of the control. */
  description_width: string
  /** Text font weight of each button. */
  font_weight: string
}
export interface ToggleButtonsStyle extends ToggleButtonsStyleState {}
export class ToggleButtonsStyle extends Widget<ToggleButtonsStyleState> {}
define('ToggleButtonsStyle', ToggleButtonsStyle, {"model":{"module":"@jupyter-widgets/controls","name":"ToggleButtonsStyleModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/base","name":"StyleView","version":"2.0.0"},"six":null,"defaults":{"button_width":"","description_width":"","font_weight":""},"references":{}})

export interface VBoxState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Use a predefined styling for the box. */
  box_style: "success" | "info" | "warning" | "danger" | ""
  /** List of widget children */
  children: readonly (Widget)[]
  layout: Layout
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface VBox extends VBoxState {}
export class VBox extends Widget<VBoxState> {}
define('VBox', VBox, {"model":{"module":"@jupyter-widgets/controls","name":"VBoxModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"VBoxView","version":"2.0.0"},"six":"VBoxModel","defaults":{"_dom_classes":[],"box_style":"","children":[],"tabbable":null,"tooltip":null},"references":{"layout":"Layout"}})

export interface ValidState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** Description of the control. */
  description: string
  /** Accept HTML in the description. */
  description_allow_html: boolean
  /** Enable or disable user changes. */
  disabled: boolean
  layout: Layout
  /** Message displayed when the value is False */
  readout: string
  /** Styling customizations */
  style: DescriptionStyle
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** Bool value */
  value: boolean
}
export interface Valid extends ValidState {}
export class Valid extends Widget<ValidState> {}
define('Valid', Valid, {"model":{"module":"@jupyter-widgets/controls","name":"ValidModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"ValidView","version":"2.0.0"},"six":"ValidModel","defaults":{"_dom_classes":[],"description":"","description_allow_html":false,"disabled":false,"readout":"Invalid","tabbable":null,"tooltip":null,"value":false},"references":{"layout":"Layout","style":"DescriptionStyle"}})

export interface VideoState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  /** When true, the video starts when it's displayed */
  autoplay: boolean
  /** Specifies that video controls should be displayed (such as a play/pause button etc) */
  controls: boolean
  /** The format of the video. */
  format: string
  /** Height of the video in pixels. */
  height: string
  layout: Layout
  /** When true, the video will start from the beginning after finishing */
  loop: boolean
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
  /** The media data as a memory view of bytes. */
  value: Uint8Array | null
  /** Width of the video in pixels. */
  width: string
}
export interface Video extends VideoState {}
export class Video extends Widget<VideoState> {}
define('Video', Video, {"model":{"module":"@jupyter-widgets/controls","name":"VideoModel","version":"2.0.0"},"view":{"module":"@jupyter-widgets/controls","name":"VideoView","version":"2.0.0"},"six":null,"defaults":{"_dom_classes":[],"autoplay":true,"controls":true,"format":"mp4","height":"","loop":true,"tabbable":null,"tooltip":null,"value":null,"width":""},"references":{"layout":"Layout"}})

export interface OutputState {
  /** CSS classes applied to widget DOM element */
  classes: readonly (string)[]
  layout: Layout
  /** Parent message id of messages to capture */
  msg_id: string
  /** The output messages synced from the frontend. */
  outputs: readonly (unknown)[]
  /** Is widget tabbable? */
  tabbable: boolean | null
  /** A tooltip caption. */
  tooltip: string | null
}
export interface Output extends OutputState {}
export class Output extends Widget<OutputState> {}
define('Output', Output, {"model":{"module":"@jupyter-widgets/output","name":"OutputModel","version":"1.0.0"},"view":{"module":"@jupyter-widgets/output","name":"OutputView","version":"1.0.0"},"six":"OutputModel","defaults":{"_dom_classes":[],"msg_id":"","outputs":[],"tabbable":null,"tooltip":null},"references":{"layout":"Layout"}})
