/**
 * What an agent's temporary keys may do: receive from exactly one queue. Batch calls are covered by the singular names
 * (Amazon SQS Developer Guide, "Actions, resources, and condition keys"). GetFederationToken intersects this with the rights
 * of the caller, and without a session policy would give none.
 */
export function federationPolicy(queueArn: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
        Resource: queueArn,
      },
    ],
  });
}

/** `https://sqs.eu-west-2.amazonaws.com/123456789012/name` → its ARN. The partition follows the region. */
export function queueArnOf(queueUrl: string, region: string): string {
  const [, account, name] = new URL(queueUrl).pathname.split('/');
  if (!account || !name) throw new Error('not the address of a queue');
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return `arn:${partition}:sqs:${region}:${account}:${name}`;
}
