import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { beforeAll, describe, expect, test } from 'vitest';
import { forbidden } from './rules.ts';
import { teachUsing } from './swc-visitor.ts';

teachUsing();

describe('imports', () => {
  let result: ICruiseResult;

  beforeAll(async () => {
    const reply = await cruise(['packages'], {
      ruleSet: { forbidden },
      validate: true,
      parser: 'swc',
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '(^|/)(dist|console/page)/' },
      tsPreCompilationDeps: true,
      moduleSystems: ['es6'],
      enhancedResolveOptions: {
        conditionNames: ['@flynotes/source', 'import', 'node', 'default'],
        exportsFields: ['exports'],
        extensions: ['.ts', '.js', '.mjs', '.json'],
      },
      externalModuleResolutionStrategy: 'node_modules',
    });
    result = reply.output as ICruiseResult;
  });

  // Without its parser, dependency-cruiser reads nothing and finds nothing wrong.
  test('sees the whole house', () => {
    const own = result.modules.filter((module) => module.source.startsWith('packages/'));
    expect(own.length).toBeGreaterThan(100);
    expect(own.some((module) => module.dependencies.length > 5)).toBe(true);
    expect(result.summary.totalDependenciesCruised).toBeGreaterThan(300);
  });

  test('keeps the import rules', () => {
    const broken = result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
    expect(broken).toEqual([]);
  });

  test('every rule can fail', async () => {
    const reply = await cruise(['tests/architecture/fixtures'], {
      ruleSet: { forbidden: [{ name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } }] },
      validate: true,
      parser: 'swc',
      tsPreCompilationDeps: true,
    });
    expect((reply.output as ICruiseResult).summary.violations.length).toBeGreaterThan(0);
  });
});
