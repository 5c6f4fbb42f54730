certify('basic', [
  'oidcc-server', 'oidcc-scope-address',
  'oidcc-display-page',
  ...SHARED,
]);
