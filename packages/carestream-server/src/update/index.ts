export {
  createVersionStep,
  type UpdateNotes,
  type VersionDecision,
  type VersionStep,
  type VersionStepOptions,
} from './version-step.ts';
export { readDirective, type DirectiveFault, type DirectiveReading } from './directive.ts';
