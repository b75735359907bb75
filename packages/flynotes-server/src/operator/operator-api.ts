import type { App } from '../http/app.ts';
import { operatorTokenHook } from '../http/authenticate.ts';
import { refuseUnstorableText } from '../http/json-body.ts';
import { addCommandRoutes } from './command-routes.ts';
import { addEventRoute } from './event-route.ts';
import type { OperatorDeps } from './operator-route.ts';
import { addPracticeRoutes } from './practice-routes.ts';
import { addReleaseRoutes } from './release-routes.ts';
import { addRecordRoutes } from './record-routes.ts';

/** What operators and their console call, under `/v1/operator`. */
export function addOperatorApi(app: App, deps: OperatorDeps, token: string): void {
  void app.register(
    async (instance) => {
      const operator = instance as App;
      operator.addHook('onRequest', operatorTokenHook(token));
      operator.addHook('preHandler', async ({ body, query }) => {
        refuseUnstorableText(body);
        refuseUnstorableText(query);
      });
      addPracticeRoutes(operator, deps);
      addReleaseRoutes(operator, deps);
      addRecordRoutes(operator, deps);
      addCommandRoutes(operator, deps);
      addEventRoute(operator, deps);
    },
    { prefix: '/v1/operator' },
  );
}
