/**
 * Numbers of different units that pass through the same calls, told apart by the compiler and by nothing else: at run time
 * each is the plain double that it was. Arithmetic gives a plain number, which says its unit anew by a constructor here.
 */
declare const unit: unique symbol

type NumberOf<Unit extends string> = number & { readonly [unit]: Unit }

/** Number of a page of 4 KiB of virtual memory: address / 4096, of at most 52 bits, an exact double. */
export type Page = NumberOf<'page'>
/** Number of a frame of 4 KiB of physical memory: physical address / 4096. */
export type Frame = NumberOf<'frame'>
/**
 * Guest-physical address in bytes. A number: x86-64 and arm64 physical addresses end at 52 bits, which a double holds
 * exactly.
 */
export type Physical = NumberOf<'physical'>
/** Offset in a file in bytes: a dump, or one that holds RAM. */
export type FileOffset = NumberOf<'file'>
/** Number of a block of physical memory that a source loads as one: physical address / size of its blocks. */
export type Block = NumberOf<'block'>
/** Where a memory has the bytes of a frame at hand: index of the window * 2^32 + offset in it. */
export type Position = NumberOf<'position'>

/** The frame that holds a byte. */
export const frameAt = (address: Physical): Frame => Math.floor(address / 4096) as Frame
/** Where a frame begins. */
export const frameStart = (frame: Frame): Physical => (frame * 4096) as Physical

/** Says that a number is of a unit; changes and checks nothing. */
export const asPage = (number: number): Page => number as Page
export const asFrame = (number: number): Frame => number as Frame
export const asPhysical = (address: number): Physical => address as Physical
export const asFileOffset = (offset: number): FileOffset => offset as FileOffset
export const asBlock = (number: number): Block => number as Block
export const asPosition = (place: number): Position => place as Position
