import { expect, it } from 'vitest';
import { federationPolicy, queueArnOf } from './federation-policy.ts';

it('allows receiving from exactly one queue', () => {
  const arn = queueArnOf('https://sqs.eu-west-2.amazonaws.com/123456789012/carestream-highgate', 'eu-west-2');
  expect(arn).toBe('arn:aws:sqs:eu-west-2:123456789012:carestream-highgate');
  const policy = federationPolicy(arn);
  expect(JSON.parse(policy)).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
        Resource: arn,
      },
    ],
  });
  // AWS takes session policies of at most 2,048 characters; a queue's name has at most 80.
  expect(
    federationPolicy(queueArnOf(`https://sqs.x/123456789012/${'q'.repeat(80)}`, 'ap-southeast-2')).length,
  ).toBeLessThan(2_048);
  expect(policy).not.toContain('*');
});

it('knows the partitions of AWS', () => {
  expect(queueArnOf('https://sqs.cn-north-1.amazonaws.com.cn/1/q', 'cn-north-1')).toMatch(/^arn:aws-cn:/);
  expect(queueArnOf('https://sqs.us-gov-west-1.amazonaws.com/1/q', 'us-gov-west-1')).toMatch(/^arn:aws-us-gov:/);
  expect(() => queueArnOf('https://sqs.eu-west-2.amazonaws.com/', 'eu-west-2')).toThrow('not the address of a queue');
});
