/**
 * Imported before Ink, which draws only the last frame where one of these is set, even on a terminal: who opens the terminal
 * UI is there to see it.
 */
const { env } = process
delete env.CI
delete env.CONTINUOUS_INTEGRATION
// React's development build, which it is unless told, takes a third more for every frame.
env.NODE_ENV ??= 'production'
