CREATE TABLE `exchanges` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`registration_id` text NOT NULL,
	`at` integer NOT NULL,
	`author` text NOT NULL,
	`moderator_id` text,
	`text` text NOT NULL,
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `exchanges_by_registration` ON `exchanges` (`registration_id`,`seq`);--> statement-breakpoint
CREATE TABLE `looks` (
	`moderator_id` text PRIMARY KEY NOT NULL,
	`registration_id` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`moderator_id`) REFERENCES `moderators`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `looks_by_registration` ON `looks` (`registration_id`);--> statement-breakpoint
CREATE TABLE `moderator_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`id` text,
	`purpose` text NOT NULL,
	`moderator_id` text,
	`email` text,
	`role` text,
	`challenge` text,
	`created_by` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`spent_at` integer,
	FOREIGN KEY (`moderator_id`) REFERENCES `moderators`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `moderator_tokens_id_unique` ON `moderator_tokens` (`id`);--> statement-breakpoint
CREATE INDEX `moderator_tokens_by_expiry` ON `moderator_tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `notes` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`registration_id` text NOT NULL,
	`at` integer NOT NULL,
	`moderator_id` text NOT NULL,
	`text` text NOT NULL,
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `notes_by_registration` ON `notes` (`registration_id`,`seq`);--> statement-breakpoint
CREATE TABLE `passkeys` (
	`id` text PRIMARY KEY NOT NULL,
	`moderator_id` text NOT NULL,
	`public_key` text NOT NULL,
	`counter` integer NOT NULL,
	`transports` text NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	FOREIGN KEY (`moderator_id`) REFERENCES `moderators`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `passkeys_by_moderator` ON `passkeys` (`moderator_id`);--> statement-breakpoint
CREATE TABLE `queue_counts` (
	`queue` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `reason_prints` (
	`registration_id` text NOT NULL,
	`print` text NOT NULL,
	PRIMARY KEY(`registration_id`, `print`),
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `reason_prints_by_print` ON `reason_prints` (`print`);--> statement-breakpoint
CREATE TABLE `recovery_codes` (
	`hash` text PRIMARY KEY NOT NULL,
	`moderator_id` text NOT NULL,
	`spent_at` integer,
	FOREIGN KEY (`moderator_id`) REFERENCES `moderators`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `recovery_codes_by_moderator` ON `recovery_codes` (`moderator_id`);--> statement-breakpoint
CREATE TABLE `replies` (
	`id` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`title` text NOT NULL,
	`texts` text NOT NULL,
	`changed_by` text,
	`changed_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `rules` (
	`id` text PRIMARY KEY NOT NULL,
	`subject` text NOT NULL,
	`form` text NOT NULL,
	`value` text NOT NULL,
	`effect` text NOT NULL,
	`reason` text,
	`made_by` text,
	`made_at` integer NOT NULL,
	`expires_at` integer,
	`ended_at` integer,
	`hits` integer DEFAULT 0 NOT NULL,
	`last_hit_at` integer
);
--> statement-breakpoint
CREATE INDEX `rules_by_value` ON `rules` (`subject`,`value`);--> statement-breakpoint
CREATE TABLE `settings` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL,
	`changed_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `tallies` (
	`day` text NOT NULL,
	`what` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`day`, `what`)
);
--> statement-breakpoint
ALTER TABLE `moderators` ADD `role` text DEFAULT 'administrator' NOT NULL;--> statement-breakpoint
ALTER TABLE `moderators` ADD `email_confirmed_at` integer;--> statement-breakpoint
ALTER TABLE `moderators` ADD `language` text DEFAULT 'en' NOT NULL;--> statement-breakpoint
ALTER TABLE `moderators` ADD `notices` text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE `moderators` ADD `remind_hours` integer;--> statement-breakpoint
ALTER TABLE `moderators` ADD `digest_at` integer;--> statement-breakpoint
ALTER TABLE `moderators` ADD `shortcuts` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `moderators` ADD `totp_secret` text;--> statement-breakpoint
ALTER TABLE `moderators` ADD `totp_since` integer;--> statement-breakpoint
ALTER TABLE `moderators` ADD `totp_step` integer;--> statement-breakpoint
ALTER TABLE `registrations` ADD `exchange` text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE `registrations` ADD `category` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `claimed_by` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `claimed_at` integer;--> statement-breakpoint
ALTER TABLE `registrations` ADD `denial` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `seq` integer;--> statement-breakpoint
ALTER TABLE `registrations` ADD `domain` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `network` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `address_key` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `name_key` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `held_by` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `trouble` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `registrations` ADD `queue` text GENERATED ALWAYS AS (case when state in ('started', 'verified') then 'begun' when state <> 'requested' then 'decided'
        when exchange = 'asked' then 'asked' when exchange = 'answered' then 'answered' else 'waiting' end) VIRTUAL;--> statement-breakpoint
ALTER TABLE `registrations` ADD `queue_at` integer GENERATED ALWAYS AS (state_since - case when state = 'requested' and exchange = 'answered' then 10000000000000 else 0 end) VIRTUAL;--> statement-breakpoint
CREATE UNIQUE INDEX `registrations_by_seq` ON `registrations` (`seq`);--> statement-breakpoint
CREATE INDEX `registrations_by_queue` ON `registrations` (`queue`,`queue_at`,`id`);--> statement-breakpoint
CREATE INDEX `registrations_by_domain` ON `registrations` (`domain`,`queue`,`queue_at`,`id`);--> statement-breakpoint
CREATE INDEX `registrations_by_network` ON `registrations` (`network`,`queue`,`queue_at`,`id`);--> statement-breakpoint
CREATE INDEX `registrations_by_decider` ON `registrations` (`decided_by`,`queue`,`queue_at`,`id`);--> statement-breakpoint
CREATE INDEX `registrations_by_language` ON `registrations` (`language`,`queue`,`queue_at`,`id`);--> statement-breakpoint
CREATE INDEX `registrations_by_address_key` ON `registrations` (`address_key`);--> statement-breakpoint
CREATE INDEX `registrations_by_name_key` ON `registrations` (`name_key`);--> statement-breakpoint
CREATE INDEX `registrations_in_trouble` ON `registrations` (`queue_at`,`id`) WHERE trouble = 1;--> statement-breakpoint
ALTER TABLE `sessions` ADD `last_seen_at` integer;--> statement-breakpoint
ALTER TABLE `sessions` ADD `device` text;--> statement-breakpoint
ALTER TABLE `sessions` ADD `network` text;--> statement-breakpoint
CREATE INDEX `events_by_kind` ON `events` (`kind`,`seq`);--> statement-breakpoint
CREATE INDEX `events_by_moderator` ON `events` (`moderator_id`,`seq`);--> statement-breakpoint
CREATE INDEX `events_by_time` ON `events` (`at`);--> statement-breakpoint
-- What the database keeps by itself, so that no path around the program's one door can forget it.
UPDATE registrations SET seq = rowid, domain = substr(email, instr(email, '@') + 1), trouble = EXISTS (SELECT 1 FROM jobs
  WHERE registration_id = registrations.id AND (state = 'failed' OR (state = 'waiting' AND error IS NOT NULL)));
--> statement-breakpoint
INSERT INTO queue_counts (queue, count) SELECT column1, (SELECT count(*) FROM registrations WHERE queue = column1)
  FROM (VALUES ('begun'), ('answered'), ('waiting'), ('asked'), ('decided'));
--> statement-breakpoint
CREATE TRIGGER queue_counts_insert AFTER INSERT ON registrations BEGIN
  UPDATE queue_counts SET count = count + 1 WHERE queue = NEW.queue;
END;
--> statement-breakpoint
CREATE TRIGGER queue_counts_update AFTER UPDATE OF state, exchange ON registrations WHEN NEW.queue <> OLD.queue BEGIN
  UPDATE queue_counts SET count = count + (queue = NEW.queue) - (queue = OLD.queue) WHERE queue IN (NEW.queue, OLD.queue);
END;
--> statement-breakpoint
CREATE TRIGGER queue_counts_delete AFTER DELETE ON registrations BEGIN
  UPDATE queue_counts SET count = count - 1 WHERE queue = OLD.queue;
END;
--> statement-breakpoint
-- The words that registrations are found by. What is deleted there is wiped here (`secure-delete`), not only marked.
CREATE VIRTUAL TABLE search USING fts5(username, email, reason, queue, content='registrations', content_rowid='seq',
  tokenize="unicode61 remove_diacritics 2", prefix='2 3');
--> statement-breakpoint
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
--> statement-breakpoint
INSERT INTO search (search) VALUES ('rebuild');
--> statement-breakpoint
CREATE TRIGGER search_insert AFTER INSERT ON registrations WHEN NEW.seq IS NOT NULL BEGIN
  INSERT INTO search (rowid, username, email, reason, queue) VALUES (NEW.seq, NEW.username, NEW.email, NEW.reason, NEW.queue);
END;
--> statement-breakpoint
CREATE TRIGGER search_update AFTER UPDATE OF seq, username, email, reason, state, exchange ON registrations
WHEN NEW.username IS NOT OLD.username OR NEW.email IS NOT OLD.email OR NEW.reason IS NOT OLD.reason
  OR NEW.queue IS NOT OLD.queue OR NEW.seq IS NOT OLD.seq
BEGIN
  INSERT INTO search (search, rowid, username, email, reason, queue) VALUES ('delete', OLD.seq, OLD.username, OLD.email, OLD.reason, OLD.queue);
  INSERT INTO search (rowid, username, email, reason, queue) VALUES (NEW.seq, NEW.username, NEW.email, NEW.reason, NEW.queue);
END;
--> statement-breakpoint
CREATE TRIGGER search_delete AFTER DELETE ON registrations WHEN OLD.seq IS NOT NULL BEGIN
  INSERT INTO search (search, rowid, username, email, reason, queue) VALUES ('delete', OLD.seq, OLD.username, OLD.email, OLD.reason, OLD.queue);
END;
--> statement-breakpoint
CREATE TRIGGER trouble_of_job AFTER UPDATE OF state, error ON jobs WHEN NEW.registration_id IS NOT NULL
  AND (OLD.state = 'failed' OR (OLD.state = 'waiting' AND OLD.error IS NOT NULL) OR (OLD.state = 'running' AND OLD.error IS NOT NULL)
    OR NEW.state = 'failed' OR (NEW.state = 'waiting' AND NEW.error IS NOT NULL))
BEGIN
  UPDATE registrations SET trouble = EXISTS (SELECT 1 FROM jobs WHERE registration_id = NEW.registration_id
    AND (state = 'failed' OR (state = 'waiting' AND error IS NOT NULL))) WHERE id = NEW.registration_id;
END;
--> statement-breakpoint
CREATE TRIGGER trouble_of_new_job AFTER INSERT ON jobs WHEN NEW.registration_id IS NOT NULL
  AND (NEW.state = 'failed' OR (NEW.state = 'waiting' AND NEW.error IS NOT NULL))
BEGIN
  UPDATE registrations SET trouble = 1 WHERE id = NEW.registration_id;
END;
--> statement-breakpoint
CREATE TRIGGER trouble_of_no_job AFTER DELETE ON jobs WHEN OLD.registration_id IS NOT NULL
  AND (OLD.state = 'failed' OR (OLD.state = 'waiting' AND OLD.error IS NOT NULL))
BEGIN
  UPDATE registrations SET trouble = EXISTS (SELECT 1 FROM jobs WHERE registration_id = OLD.registration_id
    AND (state = 'failed' OR (state = 'waiting' AND error IS NOT NULL))) WHERE id = OLD.registration_id;
END;
--> statement-breakpoint
-- The audit trail is only ever added to.
CREATE TRIGGER events_not_updated BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be changed'); END;
--> statement-breakpoint
CREATE TRIGGER events_not_deleted BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be changed'); END;
--> statement-breakpoint
-- REPLACE deletes without its trigger.
CREATE TRIGGER events_not_replaced BEFORE INSERT ON events WHEN EXISTS (SELECT 1 FROM events WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be changed'); END;
--> statement-breakpoint
-- Figures are counted as things happen, as counting a million events for a page takes too long. A decision that was
-- taken back counts for nothing. How long it took: minutes, from the fourth digit on rounded down.
CREATE VIEW decision_tallies (seq, day, what) AS
WITH decisions AS (
  SELECT d.seq, strftime('%Y-%m-%d', d.at / 1000, 'unixepoch') AS day, CASE d.kind WHEN 'denied' THEN 'denied' ELSE 'approved' END AS verdict,
    d.moderator_id, json_extract(d.detail, '$.category') AS category,
    CASE WHEN d.kind <> 'reopened' THEN max(d.at - (SELECT r.at FROM events r WHERE r.registration_id = d.registration_id AND r.kind = 'requested' AND r.seq < d.seq
      ORDER BY r.seq DESC LIMIT 1), 0) / 60000 END AS minutes
  FROM events d WHERE d.kind IN ('approved', 'denied', 'reopened')
)
SELECT seq, day, 'decided:' || verdict FROM decisions
UNION ALL SELECT seq, day, 'by:' || moderator_id FROM decisions WHERE moderator_id IS NOT NULL
UNION ALL SELECT seq, day, 'category:' || coalesce(category, '') FROM decisions WHERE verdict = 'denied'
UNION ALL SELECT seq, day, 'wait:' || CASE WHEN minutes < 1000 THEN minutes WHEN minutes < 10000 THEN minutes / 10 * 10 ELSE minutes / 100 * 100 END
  FROM decisions WHERE minutes IS NOT NULL;
--> statement-breakpoint
INSERT INTO tallies (day, what, count)
  SELECT strftime('%Y-%m-%d', at / 1000, 'unixepoch'), 'event:' || kind, count(*) FROM events GROUP BY 1, 2
  UNION ALL SELECT strftime('%Y-%m-%d', at / 1000, 'unixepoch'), 'gone:' || coalesce(json_extract(detail, '$.state'), ''), count(*) FROM events WHERE kind = 'gone' GROUP BY 1, 2
  UNION ALL SELECT day, what, count(*) FROM decision_tallies GROUP BY 1, 2;
--> statement-breakpoint
CREATE TRIGGER tallies_of_event AFTER INSERT ON events BEGIN
  INSERT INTO tallies (day, what, count) VALUES (strftime('%Y-%m-%d', NEW.at / 1000, 'unixepoch'), 'event:' || NEW.kind, 1)
    ON CONFLICT (day, what) DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER tallies_of_end AFTER INSERT ON events WHEN NEW.kind = 'gone' BEGIN
  INSERT INTO tallies (day, what, count) VALUES (strftime('%Y-%m-%d', NEW.at / 1000, 'unixepoch'), 'gone:' || coalesce(json_extract(NEW.detail, '$.state'), ''), 1)
    ON CONFLICT (day, what) DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER tallies_of_decision AFTER INSERT ON events WHEN NEW.kind IN ('approved', 'denied', 'reopened') BEGIN
  INSERT INTO tallies (day, what, count) SELECT day, what, 1 FROM decision_tallies WHERE seq = NEW.seq
    ON CONFLICT (day, what) DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER tallies_of_undoing AFTER INSERT ON events WHEN NEW.kind = 'undone' BEGIN
  INSERT INTO tallies (day, what, count) SELECT day, what, -1 FROM decision_tallies WHERE seq =
    (SELECT max(seq) FROM events WHERE registration_id = NEW.registration_id AND kind IN ('approved', 'denied', 'reopened') AND seq < NEW.seq)
    ON CONFLICT (day, what) DO UPDATE SET count = count - 1;
END;
