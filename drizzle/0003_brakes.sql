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
