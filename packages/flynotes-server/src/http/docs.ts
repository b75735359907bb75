import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { version } from '@flynotes/carestream-server';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Shown in the documentation in place of a body schema that is lenient on purpose. */
    documentedBody?: unknown;
  }
}

/** OpenAPI 3.1 of every route, with a page to read it, at `/docs`. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Flynotes: practices',
        version,
        description:
          'What an agent in a practice calls (`Authorization: Bearer` with the licence key), and what an operator calls (with the operator token). Errors are RFC 9457 problems with codes of the one error table. Bodies may be coded as gzip or zstd.',
      },
      components: {
        securitySchemes: {
          licenceKey: { type: 'http', scheme: 'bearer', description: 'The licence key of a practice.' },
          operatorToken: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token with which this server was started.',
          },
        },
      },
    },
    transform: (input) => {
      const documentedBody = (input.route.config as { documentedBody?: unknown } | undefined)?.documentedBody;
      const schema = (
        documentedBody === undefined ? input.schema : { ...input.schema, body: documentedBody }
      ) as FastifySchema;
      return jsonSchemaTransform({ ...input, schema });
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // The page writes styles into its elements; it is framed by nobody.
    transformStaticCSP: (policy) =>
      policy
        .replace(/style-src [^;]*/, "style-src 'self' 'unsafe-inline'")
        .replace(/frame-ancestors [^;]*/, "frame-ancestors 'none'"),
  });
}
