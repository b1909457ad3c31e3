import js from '@eslint/js';
import ts from 'typescript-eslint';

/** Where to go instead, for each room and for what it must not import. See ARCHITECTURE.md, "What may it touch?". */
const rooms = {
  common: [
    {
      regex: '^(?!\\./)',
      message:
        'common touches nothing: no Node, no vscode, no package, no other room. What needs one belongs in native, extension or webview.',
    },
  ],
  native: [
    { regex: '^vscode$', message: 'native runs on plain Node. What needs VS Code belongs in extension.' },
    {
      regex: '^(\\.\\./)+(extension|webview)/',
      message: 'native knows nobody above it. Put what both ends share into common.',
    },
  ],
  extension: [
    { regex: '^koffi', message: 'The extension host makes no call that can block. Ask the agent: native/worker.ts.' },
    {
      regex: '^(\\.\\./)+webview/',
      message: 'extension and webview share the words of common/protocol.ts, and no code.',
    },
  ],
  webview: [
    {
      regex: '^(node:|vscode$|koffi)',
      message: 'A webview is a browser page. Ask the host through webview/port.ts.',
    },
    {
      regex: '^(\\.\\./)+(native|extension)/',
      message: 'webview and native never meet: only common/protocol.ts joins them.',
    },
  ],
};

const koffiElsewhere = {
  regex: '^koffi',
  message: 'native/linux/libc.ts is the one import of koffi. Add the function there.',
};
const toolkitElsewhere = {
  regex: '^@vscode/webview-ui-toolkit',
  message: 'webview/controls.ts is the one import of the toolkit. Add the control there.',
};
const nativeEntry = {
  regex: '^(\\.\\./)+native/(?!spawn\\.ts$)',
  allowTypeImports: true,
  message: 'extension starts the agent with native/spawn.ts and talks to it through its Channel; the rest are types.',
};

const packageOnly = {
  regex: '^\\.',
  message: "An example imports 'live-memory', as its readers do. What that lacks belongs in native/index.ts.",
};

/** @param {readonly object[]} patterns */
const imports = (...patterns) => ({
  'no-restricted-imports': 'off',
  '@typescript-eslint/no-restricted-imports': ['error', { patterns }],
});

export default ts.config(
  { ignores: ['dist/', '.run/', '.tsbuild/', '**/node_modules/'] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      // A number in a sentence is what most of our sentences are made for.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `process.env['NAME']` is what the compiler asks for.
      '@typescript-eslint/dot-notation': 'off',
      // An index that is known to be inside costs a cast, not a check, in hot loops; and they count for themselves.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/prefer-for-of': 'off',
      // Our interfaces are made of closures, which need no `this`, and plain objects are what they are made as.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/require-await': 'off',
      // Matters of taste, where ours is another.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/prefer-string-starts-ends-with': 'off',
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportDefaultDeclaration',
          message: 'Names only: a default export is called something else everywhere.',
        },
        { selector: 'TSEnumDeclaration', message: 'Types are stripped, not compiled: use a union or a const object.' },
        { selector: 'Decorator', message: 'Functions over decorators.' },
      ],
    },
  },
  { files: ['common/**'], rules: imports(...rooms.common) },
  { files: ['native/**'], ignores: ['native/linux/libc.ts'], rules: imports(...rooms.native, koffiElsewhere) },
  { files: ['native/linux/libc.ts'], rules: imports(...rooms.native) },
  { files: ['extension/**'], rules: imports(...rooms.extension, nativeEntry) },
  { files: ['webview/**'], ignores: ['webview/controls.ts'], rules: imports(...rooms.webview, toolkitElsewhere) },
  { files: ['webview/controls.ts'], rules: imports(...rooms.webview) },
  { files: ['scripts/**', 'test/**'], rules: imports(koffiElsewhere, toolkitElsewhere) },
  { files: ['docs/**'], rules: imports(packageOnly) },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // What a failed beforeAll has not made, afterAll must not trip over.
      '@typescript-eslint/no-unnecessary-condition': 'off',
    },
  },
  {
    // Plain JavaScript, without the compiler's knowledge.
    files: ['**/*.{js,mjs,cjs}', '*.config.ts'],
    extends: [ts.configs.disableTypeChecked],
    rules: {
      'no-undef': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
  // The tools that read these look for a default export.
  { files: ['*.config.{js,mjs,ts}'], rules: { 'no-restricted-syntax': 'off' } },
);
