import * as z from 'zod';
import {
  batchAnswerSchema,
  batchRequestSchema,
  bulkPassAnswerSchema,
  bulkPassRequestSchema,
  completeAnswerSchema,
  completeRequestSchema,
} from './bulk-pass.ts';
import { licenceAnswerSchema, licenceRequestSchema } from './licence.ts';
import { patientUploadAnswerSchema, patientUploadSchema } from './patient-upload.ts';
import { commandResultSchema, heartbeatSchema } from './reports.ts';

export * from './problem.ts';
export * from './licence.ts';
export * from './bulk-pass.ts';
export * from './patient-upload.ts';
export * from './reports.ts';

/** Every call of the agent to Flynotes. */
export const agentCalls = {
  licence: { method: 'POST', path: '/v1/licence', request: licenceRequestSchema, answer: licenceAnswerSchema },
  beginPass: { method: 'POST', path: '/v1/bulk-passes', request: bulkPassRequestSchema, answer: bulkPassAnswerSchema },
  sendBatch: {
    method: 'POST',
    path: '/v1/bulk-passes/{passId}/batches',
    request: batchRequestSchema,
    answer: batchAnswerSchema,
  },
  completePass: {
    method: 'POST',
    path: '/v1/bulk-passes/{passId}/complete',
    request: completeRequestSchema,
    answer: completeAnswerSchema,
  },
  putPatient: {
    method: 'PUT',
    path: '/v1/patients/{patientCode}',
    request: patientUploadSchema,
    answer: patientUploadAnswerSchema,
  },
  commandResult: { method: 'POST', path: '/v1/command-results', request: commandResultSchema, answer: z.object({}) },
  heartbeat: { method: 'POST', path: '/v1/heartbeats', request: heartbeatSchema, answer: z.object({}) },
} as const;
