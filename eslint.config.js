// @ts-check
import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** The folders that touch nothing of the world: no Node, no clock, no randomness, no environment. */
const pure = [
  'src/errors.ts',
  'src/spec/**/*.ts',
  'src/topology/**/*.ts',
  'src/render/**/*.ts',
  'src/resp/**/*.ts',
  'src/insync/**/*.ts',
  'src/verify/{history,operation,series,summary}*.ts',
  'src/verify/{errors,random,verdict}*.ts',
  'src/verify/report/{buckets,charts,html,plot,script,style,words}*.ts',
  'src/verify/checkers/**/*.ts',
]
/** Where spec meets the world: reading the file and the password. */
const edges = ['src/spec/{load,password,cli}*.ts', 'src/**/*.test.ts']

const pureImports = {
  patterns: [
    { group: ['node:*'], message: 'This folder is pure: hand it what it needs from outside.' },
    {
      regex: '^(\\.\\./)+(agent|cli|counter|discovery|gateway|platform|targets)/',
      message: 'A pure folder imports only pure folders.',
    },
  ],
}
const pureGlobals = ['process', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'crypto', 'fetch']

export default defineConfig(
  { ignores: ['.holdfast/', 'node_modules/', '**/.holdfast/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 400 }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'A union of literals instead of an enum.' },
      ],
    },
  },
  {
    files: pure,
    ignores: edges,
    rules: {
      'no-restricted-imports': ['error', pureImports],
      'no-restricted-globals': ['error', ...pureGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take the time as an argument.' },
        { object: 'Math', property: 'random', message: 'Take the randomness as an argument.' },
      ],
    },
  },
  { files: ['src/cli/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      // describe and it of node:test return promises that its runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
      'max-lines': ['error', { max: 600 }],
    },
  },
  { files: ['*.config.js'], rules: { 'no-restricted-syntax': 'off' } },
)
