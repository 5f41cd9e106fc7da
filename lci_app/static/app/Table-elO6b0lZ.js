<<<<<<<< HEAD:lci_app/static/app/Table-DfKwDMfd.js
import{J as e,Ot as t,R as n,gt as r,it as i,mt as a,nt as o}from"./app.svelte-BubdfWPN.js";var s=i(`<div class="card table" role="region" tabindex="0"><table><!></table></div>`);function c(i,c){var l=s(),u=r(l),d=r(u);e(d,()=>c.children),t(u),t(l),a(()=>n(l,`aria-label`,c.label)),o(i,l)}export{c as t};
========
import{J as e,Ot as t,R as n,gt as r,it as i,mt as a,nt as o}from"./app.svelte-CtB_YfHP.js";var s=i(`<div class="card table" role="region" tabindex="0"><table><!></table></div>`);function c(i,c){var l=s(),u=r(l),d=r(u);e(d,()=>c.children),t(u),t(l),a(()=>n(l,`aria-label`,c.label)),o(i,l)}export{c as t};
>>>>>>>> 0f3809b (Show the logins to registries in the settings, and make every list and every form of the dashboard one part):lci_app/static/app/Table-elO6b0lZ.js
