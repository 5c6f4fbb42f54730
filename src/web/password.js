// SPDX-License-Identifier: Apache-2.0
// Marks the rules that a new password keeps while it is typed. Every rule is checked by the server; the page works
// without this.
'use strict';
(() => {
  const tests = {
    length: (text, rule) => [...text].length >= Number(rule.dataset.min) && [...text].length <= Number(rule.dataset.max),
    upper: (text) => /[A-Z]/.test(text),
    lower: (text) => /[a-z]/.test(text),
    digit: (text) => /[0-9]/.test(text),
    special: (text) => /[ -/:-@[-`{-~]/.test(text),
  };
  const field = document.getElementById('new_password');
  const list = document.querySelector('#rules ul');
  if (!field || !list) return;
  field.addEventListener('input', () => {
    for (const rule of list.querySelectorAll('[data-rule]')) {
      const test = tests[rule.dataset.rule];
      const met = test !== undefined && test(field.value, rule);
      rule.classList.remove('broken');
      rule.classList.toggle('met', met);
      rule.querySelector('.state').textContent = met ? list.dataset.met : '';
    }
  });
})();
