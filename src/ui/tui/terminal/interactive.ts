/**
 * Imported before Ink, which draws only the last frame where one of these is set, even on a terminal: who opens the terminal
 * UI is there to see it.
 */
delete process.env.CI
delete process.env.CONTINUOUS_INTEGRATION
