"""The typed content of every portal page, and what each page's forms send.

A route makes the page's view model and gives it to `gateway.portal.pages.render(page, shell)`;
templates compute nothing. Every page is whole: htmx asks the same URL and takes the part it needs
(`hx-select`), so no route knows fragments. After a POST that worked: 303 and a toast; after one
that was refused: the same page with status 422 (409, 402, 412 as the problem says), `errors`
filled, `dialog` naming the dialog the form sits in, and everything typed kept.

`errors` maps a field's name to a sentence that says how to fix it; the name "" is the whole form.
`?dialog=NAME` on a page shows that dialog open: all dialogs work without a script this way.
`request` is a hidden field: the idempotency key, made once per rendering of a form.

Page                       method, action and fields of its forms
/login  LoginPage          POST /login: next, email, password, account (only when asked)
/forgot  ForgotPage        POST /forgot: email. Answer: the page with `sent`
/reset/{token} ResetPage   POST /reset/{token}: new, confirm, revoke_keys = yes or
                           absent (email is for password managers only)
layout                     POST /logout · POST /theme: theme = "" | light | dark, next; the route
                           sets the cookie `theme` (a year, SameSite=Lax) and answers 303 to next
                           GET /live?after={last_event_id}: event stream of *named* events without
                           HTML: `accounts` when the list may have changed, `numbers` for the stock,
                           `invoices` for what was issued or paid,
                           `rejected-calls`, `account-{id}` for one
                           account or reseller, `missed` for whatever it was;
                           a page asks itself again when it hears its name
/help  HelpPage            none
/search  SearchPage        GET: q
/accounts  AccountsPage    GET: q, status (or low), sort, balance_from, balance_to, renews_from,
                           renews_to, after, dialog
                           POST /accounts/bulk: account (many), back (list's own URL), action =
                           enable | ask-disable (page with `selected`, dialog disable) |
                           disable with reason; a toast's Undo posts enable or disable likewise
/accounts/new/basic        BasicPage. POST same: name, email, first_name, last_name, phone,
                           send_welcome = yes or absent, action = next → 303 /accounts/new/plan,
                           discard → 303 /accounts. GET: dialog (discard)
/accounts/new/plan         PlanPage. GET: dialog. POST same; every field present is kept in the
                           draft, whatever the action:
                           plan_name, users, cost_per_user, rate_sheet_id, domestic_policy,
                           premium_allowed, minutes-{COUNTRY}, credit_amount, credit_note (taken
                           over only by action credit), choose_number (many), number_search,
                           choose_country (many), country_search, request; action =
                             quote                      200, the page, no errors shown
                             ask-credit|-numbers|-countries|-discard   303 ?dialog=credit|…
                             credit, countries          the page, dialog closed or with its error
                             numbers                    holds exactly choose_number for 15 minutes
                             search-numbers, search-countries   the page, that dialog open
                             remove-number:{e164}, close-country:{COUNTRY}   the page
                             back → 303 /accounts/new/basic · discard → 303 /accounts
                             submit → 303 /accounts/{id}
                           All but back, discard and submit may come from htmx (HX-Request):
                           answer 200 or 422 with the page then, instead of 303
/accounts/{id}             OverviewPage | OpeningPage | FailedPage, by status. GET: dialog.
/resellers/{id}            the same to an operator, whose accounts are resellers: /accounts and
                           /accounts/{id} lead an operator here, everything below /accounts/{id}
                           but /numbers is for both.
                           POST /accounts/{id}/credits: request, credit_amount, credit_note
                           POST /accounts/{id}/disable: request, reason
                           POST /accounts/{id}/enable: request
                           POST /accounts/{id}/delete: request, confirm_name, write_off = yes or
                           absent → 303 /accounts or /resellers
/accounts/{id}/plan        ChangePlanPage. POST same, every field each time: request, version, seen,
                           patch (what the form showed), users, cost_per_user, apply_now,
                           rate_sheet_id, domestic_policy, premium_allowed, minutes-{COUNTRY},
                           open_country; action = quote | open-country |
                           close-country:{COUNTRY} (the page) | change → 303 the account's own page
/accounts/{id}/numbers     AccountNumbersPage. GET: remove (dialog of that number). POST same:
                           request, seen, number_search, choose_number (many); action = search |
                           quote (the page) | add → 303 same.
                           POST /accounts/{id}/numbers/remove: request, number → 303 the page
/accounts/{id}/edit        EditPage. POST same: version (ETag), name, email, first_name, last_name,
                           phone; 412 → the page with `changed_meanwhile` and the new version
/accounts/{id}/transactions, /my/transactions   TransactionsPage. GET: from, to (days), after
/accounts/{id}/calls, /my/per-minute   PerMinutePage. GET: from, to (days), after; this month
                           unless asked. CSV comes from the API: /v1/accounts/{id}/calls.csv
/invoices, /accounts/{id}/invoices, /my/bills   InvoicesPage. GET: from, to (days), status, q,
                           after; the last three months unless asked. POST …/invoices/pay and
                           /my/bills/pay: request, unpaid (micro-units, the sum that was shown)
/invoices/{id}, /bills/{id}   InvoicePage, of who sent it and of who pays it. GET: dialog
                           POST …/pay: request, pay_amount (dialog) or whole_amount (button)
                           POST …/outside: request, outside_amount, outside_note
                           POST …/credit: request, note_amount, reason
/numbers  NumbersPage      GET: q, state, after
/rates  SheetsPage         GET: show = archived, after, dialog. POST /rates: request, name →
                           303 /rates/{id}
/rates/{id}  SheetPage     GET: q, after, dialog, job (a change of rates to tell of); prefix, from
                           (which rate the dialogs rate and remove are about); destination, minutes
                           (what would a call cost?).
                           POST /rates/{id}/import (multipart): file, mode = upsert | replace,
                           action = check | import; or checked (the job that looked at the file)
                           → 303 /rates/{id}?job={import_id}
                           POST …/rename: version, name · …/copy: request, copy_name, margin ·
                           …/archive · …/unarchive · …/delete: confirm_name → 303 /rates
                           POST …/rate: version, is_new, prefix, effective_from, country,
                           rate_name, rate, connect_fee, min_duration, increment, grace, blocked
                           POST …/remove: version, prefix, effective_from
                           GET …/export, …/refused/{import_id}: CSV
/rates/{id}/versions  VersionsPage  GET: restore. POST /rates/{id}/restore: content
/resellers  ResellersPage  GET: q, status, sort, after
/resellers/new             NewResellerPage. POST same: request, name, email, first_name, last_name,
                           phone, realm_domain, country, currency, time_zone, plan_name, users,
                           cost_per_user, credit_amount, credit_note; action = quote (the page) |
                           open → 303 /resellers/{id}
/resellers/{id}/numbers    POST (multipart): request, file or csv. Answer: the reseller's page with
                           the import's `report`
/my/user  UserTab          GET: change=password. POST /my/user/password: current, new, confirm,
                           revoke_keys = yes or absent
/my/account  AccountTab    none; `/my` leads to /my/user
/my/plan  PlanTab          POST same: request, version, seen, patch, users; action = quote | change
/settings  BillingSettingsPage  POST same: version, seller_name, seller_address, invoice_prefix,
                           tax_name, tax_percent, invoice_footer, dial_format,
                           slice_seconds
/audit  AuditPage          GET: account, actor, from, to (days), after
/parts  HealthPage         none
/rejected-calls            RejectedCallsPage  GET: status, reason, after.
                           POST /rejected-calls/retry: rejected_call (many), back
/rejected-calls/{id}       RejectedCallPage   POST …/correct: version, account, call_id, caller,
                           destination, answered_at, seconds. POST …/dismiss: reason
/calls/import              ImportCallsPage. POST same (multipart): file, or a kept one (below),
                           call_format, time_zone, dial_format, account_from, account, codes;
                           action = check | columns | import.
                           Answer: the page with `question` or `report`
/keys  KeysPage            GET: dialog (new, or a key's id). POST /keys: request, name, scope,
                           dial_format, slice_seconds, expires_on → the page with `secret`,
                           this once.
                           POST /keys/{id}/revoke
/dev/mailbox, /dev/mailbox/{id}   MailboxPage, in the demo only
a kept file                the fields of a file that stays in its form: table (its text; csv where
                           the form shows it), separator, has_header, table_encoding, name-N and
                           column-N (what columns mean), is_read = yes when its columns were
                           understood. A chosen file replaces it
any error                  ErrorPage, from `entry.error_page(status, back)`
"""
