CREATE TABLE `invitations` (
	`id` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`code` text NOT NULL,
	`note` text,
	`uses_maximum` integer,
	`uses` integer DEFAULT 0 NOT NULL,
	`skip_review` integer DEFAULT false NOT NULL,
	`made_by` text NOT NULL,
	`made_at` integer NOT NULL,
	`expires_at` integer,
	`ended_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invitations_hash_unique` ON `invitations` (`hash`);--> statement-breakpoint
CREATE INDEX `invitations_by_time` ON `invitations` (`made_at`);--> statement-breakpoint
CREATE TABLE `memories` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`hash` text NOT NULL,
	`denial` text NOT NULL,
	`category` text,
	`denied_at` integer NOT NULL,
	`forget_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `memories_by_hash` ON `memories` (`kind`,`hash`);--> statement-breakpoint
CREATE INDEX `memories_by_time` ON `memories` (`forget_at`);--> statement-breakpoint
ALTER TABLE `registrations` ADD `held_for` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `registrations` ADD `invitation_id` text;--> statement-breakpoint
CREATE INDEX `registrations_by_invitation` ON `registrations` (`invitation_id`,`queue`,`queue_at`,`id`) WHERE invitation_id is not null;--> statement-breakpoint
-- The beginnings of words are looked up, and not gathered from all words that begin so: that took longer the more
-- registrations there were. A virtual table cannot be changed, but what it is made from stands elsewhere.
DROP TABLE search;
--> statement-breakpoint
CREATE VIRTUAL TABLE search USING fts5(username, email, reason, queue, content='registrations', content_rowid='seq',
  tokenize="unicode61 remove_diacritics 2", prefix='1 2 3 4 5 6 7 8 9 10');
--> statement-breakpoint
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
--> statement-breakpoint
INSERT INTO search (search) VALUES ('rebuild');
--> statement-breakpoint
-- Nobody waited for whom an invitation approved at once, and that is no waiting time.
DROP VIEW decision_tallies;
--> statement-breakpoint
CREATE VIEW decision_tallies (seq, day, what) AS
WITH decisions AS (
  SELECT d.seq, strftime('%Y-%m-%d', d.at / 1000, 'unixepoch') AS day, CASE d.kind WHEN 'denied' THEN 'denied' ELSE 'approved' END AS verdict,
    d.moderator_id, json_extract(d.detail, '$.category') AS category,
    CASE WHEN d.kind <> 'reopened' AND json_extract(d.detail, '$.invitation') IS NULL
      THEN max(d.at - (SELECT r.at FROM events r WHERE r.registration_id = d.registration_id AND r.kind = 'requested' AND r.seq < d.seq
      ORDER BY r.seq DESC LIMIT 1), 0) / 60000 END AS minutes
  FROM events d WHERE d.kind IN ('approved', 'denied', 'reopened')
)
SELECT seq, day, 'decided:' || verdict FROM decisions
UNION ALL SELECT seq, day, 'by:' || moderator_id FROM decisions WHERE moderator_id IS NOT NULL
UNION ALL SELECT seq, day, 'category:' || coalesce(category, '') FROM decisions WHERE verdict = 'denied'
UNION ALL SELECT seq, day, 'wait:' || CASE WHEN minutes < 1000 THEN minutes WHEN minutes < 10000 THEN minutes / 10 * 10 ELSE minutes / 100 * 100 END
  FROM decisions WHERE minutes IS NOT NULL;
