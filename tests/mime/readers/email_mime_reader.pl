#!/usr/bin/perl
# Reads messages with Email::MIME (see ../parsers.py for what comes in and goes out).
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Email::MIME;
use Email::MIME::ContentType qw(parse_content_type parse_content_disposition);
use Encode qw(decode);
use JSON::PP;

my @defects;
local $SIG{__WARN__} = sub { push @defects, $_[0] =~ s/ at \S+ line \d+.*//sr };

sub addresses {
    my ($mail, $name) = @_;
    return [map { [$_->phrase // '', $_->address] } map { $_->addresses } $mail->header_as_obj($name)];
}

sub file_of {
    my ($part) = @_;
    my $type        = parse_content_type($part->content_type);
    my $disposition = $part->header_raw('Content-Disposition');
    my $id          = $part->header_raw('Content-ID');
    return {
        type        => "$type->{type}/$type->{subtype}",
        filename    => $part->filename,
        content_id  => defined $id ? $id =~ s/^<|>$//gr : undef,
        disposition => defined $disposition ? parse_content_disposition($disposition)->{type} : undef,
        method      => $type->{attributes}{method},
        sha256      => sha256_hex($part->body),
    };
}

sub read_part {
    my ($record, $part) = @_;
    return if $part->subparts;
    my $essence = lc($part->content_type =~ s/;.*//sr);
    my $body    = {'text/plain' => 'text', 'text/html' => 'html'}->{$essence};
    if ($body && !defined $part->header_raw('Content-Disposition')) {
        $record->{$body} = $part->body_str;
    } else {
        push @{$record->{files}}, file_of($part);
    }
}

sub read_mail {
    my ($bytes) = @_;
    @defects = ();
    my $mail   = Email::MIME->new($bytes);
    my $record = {text => undef, html => undef, files => []};
    $record->{$_} = addresses($mail, $_)   for qw(From Sender Reply-To To Cc);
    $record->{$_} = $mail->header_str($_) for qw(Subject X-Note Message-ID In-Reply-To References);
    $mail->walk_parts(sub { read_part($record, $_[0]) });
    $record->{defects} = [@defects];
    return $record;
}

my $json = JSON::PP->new->ascii;
binmode STDIN;
$| = 1;
while (defined(my $line = <STDIN>)) {
    read STDIN, my $bytes, $line + 0;
    print $json->encode(read_mail($bytes)), "\n";
}
