<?php
/**
 * Plugin Name: Doorstep
 * Description: The shortcode [doorstep] shows the sign-up form of a Doorstep server to whoever is logged in here.
 * Version: 0.1.0
 * Requires at least: 5.9
 * Requires PHP: 7.4
 * License: MIT OR Apache-2.0
 *
 * Settings are constants in wp-config.php, beside the database's password: README.md.
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;

/** What of the shortcode becomes an attribute of the tag. Nothing else does. */
const DOORSTEP_ATTRIBUTES = array( 'fields', 'mode', 'theme', 'locale', 'order' );

/** A setting, or an empty text. */
function doorstep_setting( string $name ): string {
	$name = 'DOORSTEP_' . $name;
	return defined( $name ) ? (string) constant( $name ) : '';
}

/** The origin of this site's pages, as browsers write it. */
function doorstep_origin(): string {
	$url  = wp_parse_url( home_url() );
	$port = isset( $url['port'] ) ? ':' . $url['port'] : '';
	return $url['scheme'] . '://' . strtolower( $url['host'] ) . $port;
}

/**
 * A sign-up token for one user: the secret stays here, and the page gets what is good for this person alone.
 *
 * @return string|WP_Error
 */
function doorstep_token( WP_User $user ) {
	$server = doorstep_setting( 'SERVER' );
	$id     = doorstep_setting( 'CLIENT_ID' );
	$secret = doorstep_setting( 'CLIENT_SECRET' );
	if ( '' === $server || '' === $id || '' === $secret ) {
		return new WP_Error( 'doorstep_settings', 'DOORSTEP_SERVER, DOORSTEP_CLIENT_ID and DOORSTEP_CLIENT_SECRET are not all set in wp-config.php' );
	}
	$provider_server = doorstep_setting( 'PROVIDER_SERVER' );
	$details         = array(
		'type'              => 'user_registration',
		'provider'          => 'wordpress',
		'provider_server'   => '' !== $provider_server ? $provider_server : (string) wp_parse_url( home_url(), PHP_URL_HOST ),
		'provider_username' => $user->user_login,
		'origins'           => array( doorstep_origin() ),
	);
	$known = array_filter(
		array(
			'fname' => $user->first_name,
			'lname' => $user->last_name,
			'email' => $user->user_email,
		)
	);
	if ( $known ) {
		$details['prefill'] = $known;
	}
	$answer = wp_remote_post(
		$server . '/api/oauth/token',
		array(
			'timeout'     => 15,
			'redirection' => 0,
			'headers'     => array( 'Authorization' => 'Basic ' . base64_encode( rawurlencode( $id ) . ':' . rawurlencode( $secret ) ) ),
			'body'        => array(
				'grant_type'            => 'client_credentials',
				'scope'                 => 'register',
				'authorization_details' => wp_json_encode( array( $details ) ),
			),
		)
	);
	if ( is_wp_error( $answer ) ) {
		return $answer;
	}
	$said = json_decode( wp_remote_retrieve_body( $answer ), true );
	if ( 200 !== wp_remote_retrieve_response_code( $answer ) || empty( $said['access_token'] ) ) {
		return new WP_Error( 'doorstep_refused', (string) ( $said['error_description'] ?? 'the server gave no token' ) );
	}
	return (string) $said['access_token'];
}

/** `[doorstep fields="company_name country" mode="frame"]` */
function doorstep_shortcode( $attributes ): string {
	if ( ! is_user_logged_in() ) {
		return '<p><a href="' . esc_url( wp_login_url( (string) get_permalink() ) ) . '">' . esc_html__( 'Log in to sign up.', 'doorstep' ) . '</a></p>';
	}
	$token = doorstep_token( wp_get_current_user() );
	if ( is_wp_error( $token ) ) {
		// Whoever runs the site finds the reason in its log; visitors need not know it.
		error_log( 'Doorstep: ' . $token->get_error_message() );
		return '<p>' . esc_html__( 'The sign-up form is not available at the moment.', 'doorstep' ) . '</p>';
	}
	$tag = '<script async src="' . esc_url( doorstep_setting( 'SERVER' ) . '/v1/doorstep.js' ) . '" data-token="' . esc_attr( $token ) . '"';
	foreach ( DOORSTEP_ATTRIBUTES as $name ) {
		if ( isset( $attributes[ $name ] ) ) {
			$tag .= ' data-' . $name . '="' . esc_attr( (string) $attributes[ $name ] ) . '"';
		}
	}
	return $tag . '></script>';
}
add_shortcode( 'doorstep', 'doorstep_shortcode' );

/** A page with a token in it is one person's, this once: no cache may keep it. */
function doorstep_no_cache(): void {
	$post = get_post();
	if ( is_singular() && $post && has_shortcode( $post->post_content, 'doorstep' ) ) {
		defined( 'DONOTCACHEPAGE' ) || define( 'DONOTCACHEPAGE', true );
		nocache_headers();
		header( 'Cache-Control: no-store, private' );
	}
}
add_action( 'template_redirect', 'doorstep_no_cache' );
