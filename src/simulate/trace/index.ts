/** Timelines for people: Chrome trace events, to be opened in Perfetto. */
export { type TraceEvent, type TraceFile, type TraceSummary, traceOf } from './perfetto.ts'
