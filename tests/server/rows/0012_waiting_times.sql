-- Rows as the program wrote them while 0012_waiting_times was its newest migration: one of each kind in every table.
-- Times count from 2026-01-15 12:00 UTC. A file like this one is never changed once a later migration exists.

insert into moderators (id, username, email, password_hash, created_at, disabled_at, role, email_confirmed_at, language,
  notices, remind_hours, digest_at, shortcuts, totp_secret, totp_since, totp_step, matrix_id) values
  ('m1', 'ada', 'ada@example.test', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaA', 1768300000000, null, 'administrator',
    1768300000000, 'en', 'digest', 24, 1768400000000, 1, null, null, null, '@ada:example.test'),
  ('m2', 'gone', 'gone@example.test', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaA', 1768300000000, 1768400000000, 'moderator',
    null, 'de', 'none', null, null, 0, 'sealed', 1768300000000, 58943333, null);

insert into recovery_codes (hash, moderator_id, spent_at) values
  ('2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', 'm2', null);

insert into passkeys (id, moderator_id, public_key, counter, transports, name, created_at, last_used_at) values
  ('AAAAAAAAAAAAAAAAAAAAAA', 'm2', 'pQECAyYgASFYIAAAAA', 0, '["internal"]', 'Telephone', 1768300000000, null);

insert into moderator_tokens (hash, id, purpose, moderator_id, email, role, challenge, created_by, created_at, expires_at, spent_at) values
  ('fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9', 'i-1', 'invitation', null, 'new@example.test', 'moderator', null,
    'm1', 1768400000000, 1776000000000, null);

insert into settings (key, value, changed_at) values ('second_factor_required', 'false', 1768400000000);

insert into sessions (id, user_id, expires_at, started_at, last_seen_at, device, network) values
  ('cc8a9a2a7e1c9a0f4c1e1b9f6c8d7e6f5a4b3c2d1e0f99887766554433221100', 'm1', 1769000000, 1768470000000, 1768471000000, 'Firefox on Linux', '203.0.113.0/24');

insert into registrations (id, version, state, username, holds_name, email, language, client_address, reason,
  legal_accepted_at, consent_version, message, silent, decided_by, started_at, state_since, reminded_at,
  exchange, category, claimed_by, claimed_at, denial, seq, domain, network, address_key, name_key, held_by, held_for,
  invitation_id, probation, probation_until, approval, password_mode, rest_ms) values
  ('r-started', 1, 'started', 'brook', 0, 'brook@mail.test', 'en', '203.0.113.7', null,
    null, null, null, 0, null, 1768470000000, 1768470000000, null,
    'none', null, null, null, null, 1, 'mail.test', '203.0.113.0/24', 'brook@mail.test', 'brook', null, '["disposable"]', null, 'none', null, null, null, null),
  ('r-verified', 2, 'verified', 'creek', 1, 'creek@mail.test', 'de', '203.0.113.8', null,
    null, null, null, 0, null, 1768470000000, 1768470000000, null,
    'none', null, null, null, null, 2, 'mail.test', '203.0.113.0/24', 'creek@mail.test', 'creek', null, '[]', null, 'none', null, null, null, null),
  ('r-requested', 6, 'requested', 'river', 1, 'river@mail.test', 'en', '2001:db8::7', 'I know two people from the repair café.',
    1768470000000, '1.0', null, 0, null, 1768460000000, 1768470000000, 1768475000000,
    'answered', null, 'm1', 1768475000000, null, 3, 'mail.test', '2001:db8::/64', 'river@mail.test', 'rlver', null, '[]', null, 'none', null, null, null, null),
  ('r-approved', 7, 'approved', 'lake', 1, 'lake@mail.test', 'en', '203.0.113.9', 'Somebody told me of you.',
    null, null, 'Come in', 0, 'm1', 1768460000000, 1768470000000, null,
    'none', null, null, null, null, 4, 'mail.test', '203.0.113.0/24', 'lake@mail.test', 'lake', null, '[]', 'i-code', 'none', null, null, 'after_approval', null),
  ('r-denied', 7, 'denied', 'swamp', 0, 'swamp@mail.test', 'en', '203.0.113.9', 'buy my pills',
    null, null, 'No thank you', 1, 'm2', 1768460000000, 1768470000000, null,
    'none', 'spam', null, null, null, 5, 'mail.test', '203.0.113.0/24', 'swamp@mail.test', 'swamp', 'rule-1', '[]', null, 'none', null, '{"decidedBy":"m1","message":null,"silent":false,"since":1768465000000,"probation":"running","until":1769000000000}', null, null),
  ('r-completed', 9, 'completed', 'ocean', 1, 'ocean@mail.test', 'en', '203.0.113.9', 'My friends are here.',
    null, null, null, 0, 'm1', 1768400000000, 1768410000000, null,
    'none', null, null, null, null, 6, 'mail.test', '203.0.113.0/24', 'ocean@mail.test', 'ocean', null, '[]', null, 'none', null, null, null, null),
  ('r-withdrawn', 4, 'withdrawn', 'puddle', 0, 'puddle@mail.test', 'en', '203.0.113.9', null,
    null, null, null, 0, null, 1768460000000, 1768470000000, null,
    'none', null, null, null, null, 7, 'mail.test', '203.0.113.0/24', 'puddle@mail.test', 'puddle', null, '[]', null, 'none', null, null, null, null);

insert into reason_prints (registration_id, print) values ('r-denied', '=buy my pills');

insert into exchanges (seq, registration_id, at, author, moderator_id, text) values
  (1, 'r-requested', 1768465000000, 'moderator', 'm1', 'Whom do you know?'),
  (2, 'r-requested', 1768470000000, 'applicant', null, 'Two people.');

insert into notes (seq, registration_id, at, moderator_id, text) values (1, 'r-requested', 1768470000000, 'm1', 'Sounds right');

insert into looks (moderator_id, registration_id, at, stream) values ('m1', 'r-requested', 1768475000000, 'page-1');

insert into replies (id, purpose, title, texts, changed_by, changed_at) values
  ('reply-1', 'deny', 'Advertising', '{"en":"No advertising, {name}."}', 'm1', 1768400000000);

insert into rules (id, subject, form, value, effect, reason, made_by, made_at, expires_at, ended_at, hits, last_hit_at) values
  ('rule-1', 'domain', 'exact', 'mail.test', 'hold', 'A wave', 'm1', 1768400000000, null, null, 3, 1768470000000);

insert into invitations (id, hash, code, note, uses_maximum, uses, skip_review, made_by, made_at, expires_at, ended_at) values
  ('i-code', '3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b', 'sealed', 'For the repair café', 10, 1, 0, 'm1',
    1768400000000, null, null);

insert into memories (seq, kind, hash, denial, category, denied_at, forget_at) values
  (1, 'mailbox', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'r-long-gone', 'spam', 1760000000000, 1790000000000);

insert into accounts (localpart, state, registration_id, made_at, opened_at, changed_at) values
  ('river', 'filled', 'r-requested', 1768469000000, null, 1768470000000),
  ('lake', 'filled', 'r-approved', 1768469000000, null, 1768470000000),
  ('ocean', 'open', 'r-completed', 1768405000000, 1768410000000, 1768410000000),
  ('spring', 'doubtful', 'r-verified', null, null, 1768470000000);

insert into events (seq, registration_id, at, kind, actor, moderator_id, detail) values
  (1, 'r-requested', 1768460000000, 'started', 'applicant', null, null),
  (2, 'r-requested', 1768470000000, 'requested', 'applicant', null, null),
  (3, 'r-approved', 1768470000000, 'approved', 'moderator', 'm1', null),
  (4, null, 1768470000000, 'job_failed', 'system', null, '{"kind":"notify_room"}'),
  (5, 'r-long-gone', 1760000000000, 'gone', 'system', null, null);

insert into jobs (seq, id, lane, registration_id, kind, payload, state, attempts, unanswered, run_at, lease_owner, lease_until,
  error, blame, created_at, finished_at) values
  (1, 'j-mail', 'r-requested', 'r-requested', 'mail', '{"mail":"requested"}', 'waiting', 0, 0, 1768470000000, null, null,
    null, null, 1768470000000, null),
  (2, 'j-open', 'r-approved', 'r-approved', 'open_account', '{}', 'failed', 3, 1, 1768470000000, null, null,
    'The homeserver said no', null, 1768470000000, 1768471000000),
  (3, 'j-leased', 'r-started', 'r-started', 'mail', '{"mail":"verification","username":"brook","language":"en"}',
    'running', 1, 0, 1768470000000, 'somebody', 1768470060000, null, null, 1768470000000, null),
  (4, 'j-room', 'room', null, 'notify_room', '{"since":1768470000000}', 'done', 1, 0, 1768470000000, null, null,
    null, 'us', 1768470000000, 1768470001000),
  (5, 'j-consent', 'r-completed', 'r-completed', 'consent', '{"version":"1.0"}', 'cancelled', 0, 0, 1768410000000, null,
    null, null, null, 1768410000000, 1768410001000);

-- The first is the SHA-256 of the token that 32 bytes of "v" make.
insert into tokens (hash, purpose, registration_id, username, created_at, expires_at, spent_at, brought) values
  ('2669cf9a7076fc4c5e26ce5899ae7e14bf2a19f425b30c0d93e203971b2e0c34', 'verification', 'r-started', 'brook', 1768470000000, 1768640000000, null,
    '{"language":"en","clientAddress":"203.0.113.9","invitationId":null,"heldFor":[]}'),
  ('c89c533c8d8fd5dd31f83949e8ee54277956005699ff7811b4894e08570154f6', 'status', 'r-requested', null, 1768470000000, 1776000000000, null, null),
  ('57491b2903419cf22204e18f7a9f18d7b880859763409949e51f9b5baa662f3f', 'applicant', 'r-withdrawn', null, 1768460000000, 1776000000000, 1768470000000, null);

insert into attempts (seq, key, at, count) values
  (1, 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c', 1768470000000, 7),
  (2, 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c', 1768471000000, 1);

insert into announcements (key, at, text) values
  ('auto_join', 1768470000000, 'New accounts join #all:example.test before they are approved.'),
  ('said', 1768470000000, '');

insert into event_surplus (kind, subject, since, written, more) values ('sign_in_refused', '', 1768470000000, 20, 4312);

insert into room_notices (job, registration_id, room, event_id, text, shown, version, about, seeds, details_id) values
  ('job-room-1', 'r-requested', '!moderators:example.test', '$notice', '@river:example.test asks for an account.', '@river:example.test asks for an account.',
    6, 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c', '["$yes","$no"]', '$details');

insert into room_events (event_id, at, registration_id, sender, target, key) values
  ('$reaction', 1768470000000, 'r-approved', '@ada:example.test', '$notice', '✅');

insert into matrix_id_claims (moderator_id, matrix_id, job, event_id, expires_at) values
  ('m2', '@gone:example.test', 'j-link', '$link', 1768471000000);
