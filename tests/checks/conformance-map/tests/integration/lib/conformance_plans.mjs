export const SHARED = ['oidcc-server', 'oidcc-prompt-login'];
