import { Session } from '../session/session.js'
import { Report } from './report.js'
import { type Story, tellStory } from './story.js'

declare module '../session/session.js' {
  interface Session {
    /** Everything about the target at this moment: `vm.report()`. The guest must stand still. */
    report(): Report
    /** What is going on, in sentences: `vm.story()`. */
    story(): Story
  }
}

/** The report is above the session, and people want it from `vm`: whoever hands out sessions loads this file. */
Session.prototype.report = function (this: Session): Report {
  return Report.take(this)
}

Session.prototype.story = function (this: Session): Story {
  return tellStory(this)
}
